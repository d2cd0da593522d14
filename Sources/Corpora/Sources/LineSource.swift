import Scoring

/// JSON Lines: each line that is not blank is one row.
final class LineSource: RowSource {
    var path: String { reader.path }
    var format: String { reader.format }
    var rows: Int { reader.lines }
    var digest: Digest { reader.digest }

    private let reader: LineReader
    private let rowBytesMax: Int

    init(path: String, rowBytesMax: Int, isChecked: Bool) throws(CorporaError) {
        reader = try LineReader(path: path, lineBytesMax: rowBytesMax, check: isChecked ? .utf8 : .none)
        self.rowBytesMax = rowBytesMax
    }

    func next() throws(CorporaError) -> SourceRow? {
        guard let line = try reader.next() else { return nil }
        return SourceRow(number: line.number, bytes: format == "plain" ? line.bytes : nil, content(of: line))
    }

    private func content(of line: LineReader.Line) -> SourceRow.Content {
        switch line.content {
        case .text(let bytes):
            bytes.contains { !$0.isLineSpace } ? .json(bytes) : .blank
        case .tooLong(let bytes):
            .rejected(
                .lineTooLong,
                message: "the line has \(bytes) bytes, at most \(rowBytesMax) are read; shorten or remove it")
        case .invalidUTF8(let offset):
            .rejected(
                .invalidUTF8,
                message: "not UTF-8 from byte \(offset + 1) of the line on; convert the file to UTF-8")
        }
    }
}

extension UInt8 {
    /// White space within a line.
    var isLineSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0D }
    /// White space between JSON values.
    var isJSONSpace: Bool { isLineSpace || self == 0x0A }
}
