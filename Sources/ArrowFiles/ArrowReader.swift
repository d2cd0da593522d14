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
    /// Number of the first row that is handed out, from 0.
    package let firstRow: Int
    /// Number of rows handed out so far.
    package private(set) var rows = 0

    private static let batchRows = 4096
    /// Of a reader that begins at a row: it may be used for a few rows only.
    private static let seekBatchRows = 1024

    /// Most rows of a file, and most elements of a part of its batches that have no memory.
    private let rowsMax: Int

    private let stream: UnsafeMutablePointer<ArrowArrayStream>
    /// The type of a row: an object whose members are the columns.
    let type: ArrowType
    /// The last batch of a file with dictionaries; its memory must exist when the next one is compared with it.
    private var last: ArrowBatch?

    /// Opens a file and reads its schema. `columns` are the top-level columns to read, absent ones are ignored; `nil` reads
    /// all that have a meaning in JSON. Throws `libraryMissing`, `libraryUnusable`, `unreadable`, and `unsupportedColumn`
    /// for a column that was asked for.
    /// `location` is the path to open, if it is another.
    package convenience init(
        path: String, at location: String? = nil, format: ArrowFormat, columns: [String]? = nil
    ) throws(ArrowFilesError) {
        let opened = try Self.open(location ?? path, format, columns, path: path)
        try self.init(path: path, at: location ?? path, opened, columns: columns)
    }

    /// Opens a Parquet file at the row group that has a row, given by its number from 0; reads to the end. Throws as the other
    /// initialiser does, and `unreadable` for a row that the file does not have.
    package convenience init(
        path: String, at location: String, parquetRow row: Int, columns: [String]
    ) throws(ArrowFilesError) {
        let opened = try Self.open(location, row: row, columns, path: path)
        try self.init(path: path, at: location, opened, columns: columns)
    }

    private init(
        path: String, at location: String, _ opened: Opened, columns: [String]?
    ) throws(ArrowFilesError) {
        self.path = path
        rowsMax = Self.rowsMax(of: location)
        stream = opened.stream
        firstRow = Int(opened.start)
        statedRows = opened.rows >= 0 ? Int(opened.rows) : nil
        var schema = ArrowSchema()
        guard stream.pointee.get_schema(stream, &schema) == 0 else {
            let reason = Self.reason(stream)
            Self.close(stream)
            throw .unreadable(path: path, rows: 0, reason: reason)
        }
        let type = ArrowType(schema)
        schema.release?(&schema)
        guard type.kind == .object else {
            Self.close(stream)
            throw .unreadable(path: path, rows: 0, reason: "it has no columns")
        }
        self.type = type
        names = type.names
        // The object's deinit closes the stream.
        try requirePlausible(statedRows ?? 0, "rows")
        guard columns != nil else { return }
        for (name, type) in zip(names, type.children) {
            guard let format = type.unsupportedFormat else { continue }
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
            guard let batch = ArrowBatch(array, type, after: last) else {
                throw .unreadable(path: path, rows: rows, reason: "a batch does not match the schema")
            }
            if type.hasDictionary { last = batch }
            guard batch.rows > 0 else { continue }
            try requirePlausible(batch.emptyElements, "elements without content")
            try requirePlausible(rows + batch.rows, "rows")
            rows += batch.rows
            return batch
        }
    }

    /// Rows need no memory where all their columns are null or there is no column, and hardly any where they are equal: a file
    /// of 900 bytes stated 771,751,938 rows, which would take an hour to read. A history of 100 prompts that fail 10,000 times
    /// each has 80 rows a byte as Parquet.
    private static func rowsMax(of location: String) -> Int {
        var status = stat()
        let bytes = stat(location, &status) == 0 ? Int(status.st_size) : 0
        let (rows, overflow) = bytes.multipliedReportingOverflow(by: 256)
        return overflow ? Int.max : max(rows, 1 << 18)
    }

    private func requirePlausible(_ count: Int, _ what: String) throws(ArrowFilesError) {
        guard count > rowsMax else { return }
        throw .unreadable(
            path: path, rows: rows, reason: "it states \(count) \(what), more than a file of its size has (\(rowsMax))")
    }

    /// A stream, the number of its first row, and the rows that the file states.
    private struct Opened {
        let stream: UnsafeMutablePointer<ArrowArrayStream>
        var start: Int64 = 0
        var rows: Int64 = -1
    }

    private static func open(
        _ location: String, _ format: ArrowFormat, _ columns: [String]?, path: String
    ) throws(ArrowFilesError) -> Opened {
        let table = try ArrowLibrary.table()
        return try open(columns, path: path) { names, count, opened, error in
            table.pointee.open(
                location, format.number, names, count, Int64(batchRows), opened.stream, &opened.rows, error)
        }
    }

    private static func open(
        _ location: String, row: Int, _ columns: [String], path: String
    ) throws(ArrowFilesError) -> Opened {
        let function = try ArrowLibrary.openRows()
        return try open(columns, path: path) { names, count, opened, error in
            function(
                location, names, count, Int64(seekBatchRows), Int64(row), opened.stream, &opened.start, &opened.rows,
                error)
        }
    }

    private typealias Names = UnsafePointer<UnsafePointer<CChar>?>?
    private typealias ErrorText = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    private static func open(
        _ columns: [String]?, path: String, _ call: (Names, Int64, inout Opened, ErrorText) -> Int32
    ) throws(ArrowFilesError) -> Opened {
        let table = try ArrowLibrary.table()
        let stream = UnsafeMutablePointer<ArrowArrayStream>.allocate(capacity: 1)
        stream.initialize(to: ArrowArrayStream())
        var opened = Opened(stream: stream)
        let names = columns.map { $0.map { strdup($0) } }
        defer { names?.forEach { free($0) } }
        let failure = ArrowLibrary.failure(table) { error in
            guard let names else { return call(nil, 0, &opened, error) }
            let pointers = names.map { UnsafePointer<CChar>($0) }
            // One more, so that an empty selection is not the same as none.
            return (pointers + [nil]).withUnsafeBufferPointer {
                call($0.baseAddress, Int64(names.count), &opened, error)
            }
        }
        guard let failure else { return opened }
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
