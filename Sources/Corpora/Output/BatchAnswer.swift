import JSON
import Scoring

/// Score rows as lines of an OpenAI batch output, for programs that read such files.
///
/// A row is `{"id","custom_id","response":{"status_code":200,"request_id","body":…},"error":null}`, whose `body` is the
/// score row as in JSON Lines. A row with an error has `"response":null` and `"error":{"code","message","file","line"}`.
/// `custom_id` is the prompt's id. `id` and `request_id` derive from the row, so that equal rows are equal bytes.
package enum BatchAnswer {
    private static let start = Array("{\"id\":\"batch_req_".utf8)

    /// Wraps lines of score rows. Throws `otherFormat` for a line that is no score row.
    package static func wrapped(_ lines: [UInt8], name: String) throws(CorporaError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.count * 2)
        for line in lines.split(separator: 0x0A) {
            guard let answer = wrapped(row: Array(line)) else {
                throw .otherFormat("\(name): a row has no prompt_id, so it cannot be a row of a batch output")
            }
            bytes += answer
            bytes.append(0x0A)
        }
        return bytes
    }

    /// The score row of a line of a batch output that `wrapped` made; other rows as they are.
    package static func unwrapped(_ content: SourceRow.Content) -> SourceRow.Content {
        guard case .json(let bytes) = content, bytes.starts(with: start) else { return content }
        if let response = member("response", of: bytes), let body = member("body", of: response) { return .json(body) }
        guard let id = member("custom_id", of: bytes), let error = member("error", of: bytes) else { return content }
        return .json(text("{\"prompt_id\":") + id + text(",\"status\":\"error\",\"error\":") + error + text("}"))
    }

    private static func wrapped(row: [UInt8]) -> [UInt8]? {
        guard let id = member("prompt_id", of: row) else { return nil }
        let number = Digest(of: row).short
        let head = text("{\"id\":\"batch_req_\(number)\",\"custom_id\":") + id
        if let error = member("error", of: row) {
            return head + text(",\"response\":null,\"error\":") + error + text("}")
        }
        return head + text(",\"response\":{\"status_code\":200,\"request_id\":\"req_\(number)\",\"body\":") + row
            + text("},\"error\":null}")
    }

    /// The bytes of a member's value; `nil` where it is absent or the bytes are no object.
    private static func member(_ name: String, of object: [UInt8]) -> [UInt8]? {
        var reader = JSONReader(utf8: object)
        guard let range = try? reader.range(ofMember: Array(name.utf8)) else { return nil }
        return Array(object[range])
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }
}
