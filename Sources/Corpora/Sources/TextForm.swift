/// The form of a text file, by its first bytes: lines of JSON, a JSON document, or a table with a delimiter.
enum TextForm: Equatable {
    case lines
    /// One array of rows.
    case array
    /// One object, or several that extend over lines.
    case document
    case table(delimiter: UInt8)

    private static let startBytes = 64 << 10

    /// Reads the start of a file. Cost: the first two lines, decompressed.
    init(of path: String, rowBytesMax: Int) throws(CorporaError) {
        let start = try Self.start(of: path)
        switch start.first(where: { !$0.isJSONSpace }) {
        case UInt8(ascii: "[")?: self = .array
        case UInt8(ascii: "{")?:
            self = try Self.isDocument(path, rowBytesMax: rowBytesMax) ? .document : .lines
        default:
            self = TableHeader.delimiter(of: start, path: path).map { .table(delimiter: $0) } ?? .lines
        }
    }

    private static func start(of path: String) throws(CorporaError) -> [UInt8] {
        let source = try ByteSource(path: path)
        var bytes = [UInt8](repeating: 0, count: startBytes)
        var count = 0
        while count < bytes.count {
            let more = try source.read(into: &bytes, from: count)
            guard more > 0 else { break }
            count += more
        }
        let start = Array(bytes[..<count])
        return start.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(start.dropFirst(3)) : start
    }

    /// Whether a file that begins with a brace is one object, or objects over several lines, and not JSON Lines.
    ///
    /// In JSON Lines a second line with content follows the first object. An object that extends over lines ends its
    /// first line where another value is expected; a line that was cut off ends anywhere else.
    private static func isDocument(_ path: String, rowBytesMax: Int) throws(CorporaError) -> Bool {
        let reader = try LineReader(path: path, lineBytesMax: rowBytesMax, check: .none)
        var first: [UInt8]?
        while let line = try reader.next() {
            guard case .text(let bytes) = line.content else { return false }
            guard let last = bytes.last(where: { !$0.isJSONSpace }) else { continue }
            if first != nil { return false }
            if [UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ","), UInt8(ascii: ":")].contains(last) {
                return true
            }
            first = bytes
        }
        return true
    }
}
