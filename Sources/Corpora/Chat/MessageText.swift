import JSON

/// Chat messages that were written as the text of a JSON array, as in columns of CSV and Parquet files.
enum MessageText {
    /// Keys whose text must be such an array if it begins like one.
    private static let keys: Set<String> = ["messages", "conversations", "conversation"]

    /// The messages of a text; `nil` if it is an ordinary text. Throws for messages that are not JSON.
    static func messages(in text: String, key: String) throws(RowProblem) -> [JSONValue]? {
        let start = text.utf8.prefix(400)
        guard let first = start.first(where: { !$0.isJSONSpace }),
            first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
        else { return nil }
        let head = String(decoding: start, as: UTF8.self)
        let isPython = ["{'role'", "{'from'", "{'content'", "{'value'"].contains { head.contains($0) }
        guard isPython || head.contains("\"role\"") || head.contains("\"from\"") || head.contains("\"messages\"")
        else { return nil }
        if !isPython, let value = try? JSONValue(reading: Array(text.utf8)) {
            let messages = value.member(at: ["messages"])?.elements ?? value.elements ?? []
            if !messages.isEmpty, messages.allSatisfy(ChatMessage.isMessage) { return messages }
            guard keys.contains(key) else { return nil }
        } else if !isPython, !keys.contains(key) {
            return nil
        }
        throw RowProblem(
            code: .badType,
            message: isPython
                ? "\"\(key)\" is Python's text of a list, not JSON; write it with json.dumps"
                : "\"\(key)\" is a text that begins like chat messages but is not the JSON of some: \(clipped(text))")
    }
}
