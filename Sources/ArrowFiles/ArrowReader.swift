import CArrow
import Foundation

/// Reads the rows of a Parquet or Arrow IPC file, batch by batch, as JSON values.
///
/// | type in the file | value |
/// |---|---|
/// | text (also large, views, dictionary), bytes that are UTF-8 | string |
/// | integers, decimals | number with all digits |
/// | floats | number, the shortest digits that read back as the same; NaN and infinity are null |
/// | list, fixed-size list | array |
/// | struct, map with text keys | object; members that are null are left out |
/// | date, timestamp | string, such as `2026-01-31` and `2026-01-31T08:00:00Z` |
/// | time of day, duration | number, in the file's unit |
/// | other bytes | null |
///
/// Memory: one batch, and for Parquet the pages that it is in; for Arrow, the record batches as they were written. Use it
/// from one thread only.
package final class ArrowReader {
    /// The path as the caller wrote it.
    package let path: String
    /// Names of the columns that are read, in the order of the file.
    package let names: [String]
    /// Number of rows that the file states; `nil` if it states none. A damaged file may have others.
    package let statedRows: Int?
    /// Number of rows handed out so far.
    package private(set) var rows = 0

    private static let batchRows = 4096

    private let stream: UnsafeMutablePointer<ArrowArrayStream>
    private let types: [ArrowType]

    /// Opens a file and reads its schema. `columns` are the top-level columns to read, absent ones are ignored; `nil` reads
    /// all that have a meaning in JSON. Throws `libraryMissing`, `libraryUnusable`, `unreadable`, and `unsupportedColumn`
    /// for a column that was asked for.
    /// `location` is the path to open, if it is another.
    package init(
        path: String, at location: String? = nil, format: ArrowFormat, columns: [String]? = nil
    ) throws(ArrowFilesError) {
        self.path = path
        let location = location ?? path
        let (stream, stated) = try Self.open(location, format, columns, path: path)
        self.stream = stream
        statedRows = stated >= 0 ? Int(stated) : nil
        var schema = ArrowSchema()
        guard stream.pointee.get_schema(stream, &schema) == 0 else {
            let reason = Self.reason(stream)
            Self.close(stream)
            throw .unreadable(path: path, rows: 0, reason: reason)
        }
        let type = ArrowType(schema)
        schema.release?(&schema)
        guard case .object(let names, let types) = type else {
            Self.close(stream)
            throw .unreadable(path: path, rows: 0, reason: "it has no columns")
        }
        self.names = names
        self.types = types
        guard columns != nil else { return }
        for (name, type) in zip(names, types) {
            guard let format = type.unsupportedFormat else { continue }
            // The object's deinit closes the stream.
            throw .unsupportedColumn(path: path, column: name, type: format)
        }
    }

    deinit {
        Self.close(stream)
    }

    /// The next rows, at least one; `nil` at the end. Throws `unreadable`.
    package func next() throws(ArrowFilesError) -> ArrowBatch? {
        while true {
            var array = ArrowArray()
            guard stream.pointee.get_next(stream, &array) == 0 else {
                throw .unreadable(path: path, rows: rows, reason: Self.reason(stream))
            }
            guard array.release != nil else { return nil }
            guard let batch = ArrowBatch(array, names: names, types) else {
                throw .unreadable(path: path, rows: rows, reason: "a batch does not match the schema")
            }
            guard batch.rows > 0 else { continue }
            rows += batch.rows
            return batch
        }
    }

    private static func open(
        _ location: String, _ format: ArrowFormat, _ columns: [String]?, path: String
    ) throws(ArrowFilesError) -> (UnsafeMutablePointer<ArrowArrayStream>, rows: Int64) {
        let table = try ArrowLibrary.table()
        let stream = UnsafeMutablePointer<ArrowArrayStream>.allocate(capacity: 1)
        stream.initialize(to: ArrowArrayStream())
        var rows: Int64 = -1
        let names = columns.map { $0.map { strdup($0) } }
        defer { names?.forEach { free($0) } }
        let failure = ArrowLibrary.failure(table) { error in
            guard let names else {
                return table.pointee.open(location, format.number, nil, 0, Int64(batchRows), stream, &rows, error)
            }
            let pointers = names.map { UnsafePointer<CChar>($0) }
            // One more, so that an empty selection is not the same as none.
            return (pointers + [nil]).withUnsafeBufferPointer {
                table.pointee.open(
                    location, format.number, $0.baseAddress, Int64(names.count), Int64(batchRows), stream, &rows, error)
            }
        }
        guard let failure else { return (stream, rows) }
        stream.deallocate()
        throw .unreadable(path: path, rows: 0, reason: failure)
    }

    private static func close(_ stream: UnsafeMutablePointer<ArrowArrayStream>) {
        stream.pointee.release?(stream)
        stream.deallocate()
    }

    private static func reason(_ stream: UnsafeMutablePointer<ArrowArrayStream>) -> String {
        stream.pointee.get_last_error(stream).map { String(cString: $0) } ?? "unknown failure"
    }
}
