package import Corpora
import Crypto
import Foundation
import Scoring

/// Parquet and Arrow IPC for every reader of rows: `RowFormats.add(ArrowRowFormat())`.
package struct ArrowRowFormat: RowFormat {
    package let endings = [".parquet", ".arrow", ".arrows", ".feather"]

    package init() {}

    package func matches(_ start: [UInt8], path: String) -> Bool { ArrowFormat(start: start) != nil }

    package func open(
        _ path: String, at location: String, columns: Set<String>?
    ) throws(CorporaError) -> any RowSource {
        try ArrowRowSource(path, at: location, columns: columns)
    }

    package func seekable(
        _ path: String, at location: String, columns: Set<String>
    ) throws(CorporaError) -> (any SeekableRows)? {
        do throws(ArrowFilesError) {
            guard try ArrowFormat(path: path, at: location) == .parquet else { return nil }
            return try ParquetRows(path, at: location, columns: columns)
        } catch {
            throw .otherFormat("\(error)")
        }
    }
}

/// The rows of a Parquet or Arrow file. Their numbers count from 1.
final class ArrowRowSource: RowSource {
    let path: String
    let format: String
    private(set) var rows = 0
    /// SHA-256 of the file.
    private(set) var digest = Digest(of: [])

    private let location: String
    private let reader: ArrowReader
    private var batch: ArrowBatch?
    private var row = 0

    init(_ path: String, at location: String, columns: Set<String>?) throws(CorporaError) {
        self.path = path
        self.location = location
        do throws(ArrowFilesError) {
            let format = try ArrowFormat(path: path, at: location)
            self.format = format.rawValue
            reader = try ArrowReader(path: path, at: location, format: format, columns: columns.map(Array.init))
        } catch {
            throw .otherFormat("\(error)")
        }
    }

    func next() throws(CorporaError) -> SourceRow? {
        do throws(ArrowFilesError) {
            while true {
                if let batch, row < batch.rows {
                    row += 1
                    rows += 1
                    return SourceRow(number: rows, .members(batch.object(row: row - 1)))
                }
                batch = try reader.next()
                row = 0
                if batch == nil { break }
            }
            if let stated = reader.statedRows, stated != rows {
                throw .unreadable(path: path, rows: rows, reason: "the file states \(stated) rows")
            }
            digest = try Self.digest(of: location, named: path)
            return nil
        } catch {
            throw .otherFormat("\(error)")
        }
    }

    /// A file that states its number of rows is only hashed; reading checks the number.
    func skipToEnd() throws(CorporaError) -> Int {
        guard let stated = reader.statedRows else {
            while try next() != nil {}
            return 0
        }
        do throws(ArrowFilesError) {
            digest = try Self.digest(of: location, named: path)
        } catch {
            throw .otherFormat("\(error)")
        }
        rows = stated
        return 0
    }

    /// SHA-256 of a file; `path` is its name in errors.
    static func digest(of location: String, named path: String) throws(ArrowFilesError) -> Scoring.Digest {
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: location))
            defer { try? file.close() }
            var hash = SHA256()
            while let bytes = try file.read(upToCount: 1 << 20), !bytes.isEmpty { hash.update(data: bytes) }
            return Scoring.Digest { $0 = hash }
        } catch {
            throw .unreadable(path: path, rows: 0, reason: error.localizedDescription)
        }
    }
}

extension ArrowFormat {
    /// The format of a file, by its first bytes; `location` is the path to open. Throws `unreadable` for other formats.
    package init(path: String, at location: String) throws(ArrowFilesError) {
        let start: Data?
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: location))
            defer { try? file.close() }
            start = try file.read(upToCount: Self.startBytes)
        } catch {
            throw .unreadable(path: path, rows: 0, reason: error.localizedDescription)
        }
        guard let start, let format = ArrowFormat(start: start) else {
            throw .unreadable(path: path, rows: 0, reason: "it is neither Parquet nor Arrow")
        }
        self = format
    }
}
