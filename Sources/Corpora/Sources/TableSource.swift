import Crypto
import Foundation
import JSON
import Scoring

/// A table with a header: CSV (RFC 4180) or TSV. Every cell is a text, an empty cell is no value.
///
/// A cell in quotes may have delimiters, line ends and doubled quotes. A row with more or fewer cells than the header
/// is rejected. Memory: one row, at most `rowBytesMax`.
final class TableSource: RowSource {
    let path: String
    let format = "csv"
    /// Rows without the header.
    private(set) var rows = 0
    var digest: Scoring.Digest {
        let hash = self.hash
        return Scoring.Digest { $0 = hash }
    }

    private let delimiter: UInt8
    private let rowBytesMax: Int
    private let source: ByteSource
    private var hash = SHA256()
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)
    private var at = 0
    private var end = 0
    private var header: [String] = []
    private let keepsRecord: Bool
    /// The bytes of the last row, or of the header before it, with its line end; empty unless they are kept.
    private(set) var recordBytes: [UInt8] = []

    init(path: String, delimiter: UInt8, rowBytesMax: Int, keepsRecord: Bool = false) throws(CorporaError) {
        self.keepsRecord = keepsRecord
        self.path = path
        self.delimiter = delimiter
        self.rowBytesMax = rowBytesMax
        source = try ByteSource(path: path)
        guard case .cells(let cells)? = try record() else { return }
        header = cells.map { String(decoding: $0, as: UTF8.self) }
        if let first = header.first, first.hasPrefix("\u{FEFF}") {
            header[0] = String(first.unicodeScalars.dropFirst().map(Character.init))
        }
    }

    func next() throws(CorporaError) -> SourceRow? {
        guard let record = try record() else { return nil }
        rows += 1
        return SourceRow(number: rows, content(of: record))
    }

    private enum Record {
        case cells([[UInt8]])
        case tooLong
        case openQuote
    }

    private func content(of record: Record) -> SourceRow.Content {
        switch record {
        case .tooLong:
            return .rejected(
                .lineTooLong, message: "the row has more than \(rowBytesMax) bytes; is a quote not closed?")
        case .openQuote:
            return .rejected(.badTable, message: "the file ends inside a quoted cell; close the quote")
        case .cells(let cells):
            if cells.count == 1, cells[0].allSatisfy(\.isLineSpace) { return .blank }
            guard cells.count == header.count else {
                return .rejected(
                    .badTable,
                    message: "the row has \(cells.count) cells, the header \(header.count); quote cells that contain "
                        + "the delimiter or line ends")
            }
            var members: [JSONObject.Member] = []
            for (name, cell) in zip(header, cells) where !cell.isEmpty {
                guard let text = String(validating: cell, as: UTF8.self) else {
                    return .rejected(.invalidUTF8, message: "column \(name) is not UTF-8; convert the file to UTF-8")
                }
                members.append(JSONObject.Member(name: name, value: .string(text)))
            }
            return .members(JSONObject(members))
        }
    }

    /// The next record; `nil` at the end.
    private func record() throws(CorporaError) -> Record? {
        guard try byte() != nil else { return nil }
        recordBytes.removeAll(keepingCapacity: true)
        var cells: [[UInt8]] = []
        var cell: [UInt8] = []
        var bytes = 0
        var isQuoted = false
        while let next = try byte() {
            consume(next)
            bytes += 1
            if isQuoted {
                if next != UInt8(ascii: "\"") {
                    if bytes <= rowBytesMax { cell.append(next) }
                } else if try byte() == UInt8(ascii: "\"") {
                    consume(next)
                    cell.append(next)
                } else {
                    isQuoted = false
                }
            } else if next == UInt8(ascii: "\""), cell.isEmpty {
                isQuoted = true
            } else if next == delimiter {
                if bytes <= rowBytesMax { cells.append(cell) }
                cell.removeAll(keepingCapacity: true)
            } else if next == 0x0A || next == 0x0D {
                if next == 0x0D, try byte() == 0x0A { consume(0x0A) }
                cells.append(cell)
                return bytes > rowBytesMax ? .tooLong : .cells(cells)
            } else if bytes <= rowBytesMax {
                cell.append(next)
            }
        }
        if bytes > rowBytesMax { return .tooLong }
        if isQuoted { return .openQuote }
        cells.append(cell)
        return .cells(cells)
    }

    private func consume(_ byte: UInt8) {
        at += 1
        if keepsRecord, recordBytes.count < rowBytesMax { recordBytes.append(byte) }
    }

    /// The next byte; `nil` at the end of the file.
    private func byte() throws(CorporaError) -> UInt8? {
        if at < end { return buffer[at] }
        at = 0
        end = try source.read(into: &buffer, from: 0)
        hash.update(data: buffer[..<end])
        return end > 0 ? buffer[0] : nil
    }
}
