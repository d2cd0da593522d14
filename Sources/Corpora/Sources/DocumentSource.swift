import Crypto
import Foundation
import JSON
import Scoring

/// JSON values that are not one on each line: the elements of an array, or objects that extend over lines.
///
/// A file with one object gives its rows by `DocumentRows`. Memory: one value, at most `rowBytesMax`; a single object
/// is read whole, at most `documentBytesMax`.
final class DocumentSource: RowSource {
    /// What the values are separated by.
    enum Form {
        /// An array: commas.
        case array
        /// Nothing, or white space.
        case sequence
    }

    /// A larger single object is refused: 512 MiB.
    static let documentBytesMax = 512 << 20

    let path: String
    let format = "json"
    private(set) var rows = 0
    var digest: Scoring.Digest {
        let hash = self.hash
        return Scoring.Digest { $0 = hash }
    }

    private let form: Form
    private let rowBytesMax: Int
    private let source: ByteSource
    private var hash = SHA256()
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    private var isFinished = false
    /// Rows of a single object.
    private var waiting: ArraySlice<SourceRow.Content>?

    init(path: String, form: Form, rowBytesMax: Int) throws(CorporaError) {
        self.path = path
        self.form = form
        self.rowBytesMax = rowBytesMax
        source = try ByteSource(path: path)
        while buffer.count < 3, try more() {}
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
        if form == .array {
            try skipSpace()
            start += 1
        }
    }

    func next() throws(CorporaError) -> SourceRow? {
        guard let content = try nextContent() else { return nil }
        rows += 1
        return SourceRow(number: rows, content)
    }

    private func nextContent() throws(CorporaError) -> SourceRow.Content? {
        if waiting != nil { return waiting?.popFirst() }
        guard !isFinished else { return nil }
        try skipSpace()
        if form == .array {
            if try byte() == UInt8(ascii: ","), rows > 0 {
                start += 1
                try skipSpace()
            }
            if try byte() == UInt8(ascii: "]") {
                start += 1
                return try rest(after: "the array")
            }
            guard try byte() != nil else {
                isFinished = true
                return .rejected(.badJSON, message: "the file ends inside the array; the copy is incomplete")
            }
        }
        guard try byte() != nil else {
            isFinished = true
            return nil
        }
        let isFirst = form == .sequence && rows == 0
        var cutter = ValueCutter()
        let bytesMax = isFirst ? Self.documentBytesMax : rowBytesMax
        let end = try end(of: &cutter, bytesMax: bytesMax)
        guard let end else { return .rejected(.lineTooLong, message: tooLong(bytesMax)) }
        let value = Array(buffer[start..<end])
        start = end
        if isFirst {
            try skipSpace()
            if try byte() == nil {
                waiting = DocumentRows.rows(of: value)[...]
                return waiting?.popFirst()
            }
        }
        return Self.checked(value)
    }

    /// Reads to the end of the value at `start`; `nil` if it is too long, and then skips it.
    private func end(of cutter: inout ValueCutter, bytesMax: Int) throws(CorporaError) -> Int? {
        var at = start
        var isTooLong = false
        while true {
            if let end = cutter.end(in: buffer, from: &at) {
                guard !isTooLong, end - start <= bytesMax else {
                    start = end
                    return nil
                }
                return end
            }
            if at - start > bytesMax {
                isTooLong = true
                start = at
            }
            let kept = start
            guard try more() else { return isTooLong ? nil : buffer.count }
            at -= kept - start
        }
    }

    private func tooLong(_ bytesMax: Int) -> String {
        "the row has more than \(bytesMax) bytes; shorten it, or write JSON Lines"
    }

    private func rest(after what: String) throws(CorporaError) -> SourceRow.Content? {
        isFinished = true
        try skipSpace()
        guard try byte() != nil else { return nil }
        // The digest is that of the whole file.
        repeat { start = buffer.count } while try more()
        return .rejected(.badJSON, message: "there is more text after \(what); write one array, or JSON Lines")
    }

    /// The next byte; `nil` at the end of the file.
    private func byte() throws(CorporaError) -> UInt8? {
        while start == buffer.count { guard try more() else { return nil } }
        return buffer[start]
    }

    private func skipSpace() throws(CorporaError) {
        while let byte = try byte(), byte.isJSONSpace { start += 1 }
    }

    /// Reads more bytes; false at the end of the file.
    private func more() throws(CorporaError) -> Bool {
        guard !isAtEnd else { return false }
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        let kept = buffer.count
        // As much again as there is, so that a long value is not copied often.
        buffer.append(contentsOf: repeatElement(0, count: max(256 << 10, kept)))
        let count = try source.read(into: &buffer, from: kept)
        hash.update(data: buffer[kept..<kept + count])
        buffer.removeLast(buffer.count - kept - count)
        isAtEnd = count == 0
        return count > 0
    }

    private static func checked(_ bytes: [UInt8]) -> SourceRow.Content {
        do throws(JSONError) {
            try JSONReader.checkUTF8(bytes)
            return .json(bytes)
        } catch {
            return .rejected(.invalidUTF8, message: "\(error); convert the file to UTF-8")
        }
    }
}
