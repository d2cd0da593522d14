import Foundation
import Synchronization

/// A file format of another module. `RowFormats.add` makes it known to every reader of rows.
package protocol RowFormat: Sendable {
    /// Endings of file names, with the dot, such as `.parquet`: which files of a folder are read.
    var endings: [String] { get }

    /// Whether a file has this format, by its first bytes (at most 16, not decompressed) and its path.
    func matches(_ start: [UInt8], path: String) -> Bool

    /// Opens a file. `location` is the path to open: that of a copy, where `path` is a pipe. Of each row, only the
    /// top-level columns in `columns` are needed; `nil` needs all.
    func open(
        _ path: String, at location: String, columns: Set<String>?
    ) throws(CorporaError) -> any RowSource

    /// Opens a file whose rows can be read by their numbers; `nil` for one whose rows cannot.
    func seekable(
        _ path: String, at location: String, columns: Set<String>
    ) throws(CorporaError) -> (any SeekableRows)?
}

extension RowFormat {
    package func seekable(
        _ path: String, at location: String, columns: Set<String>
    ) throws(CorporaError) -> (any SeekableRows)? { nil }
}

/// The formats that files are read in: those of this module, and those that were added.
package enum RowFormats {
    private static let added = Mutex<[any RowFormat]>([])

    /// Adds a format for all files that are opened from now on.
    package static func add(_ format: any RowFormat) {
        added.withLock { $0.append(format) }
    }

    /// Endings of file names that are read in a folder, with the dot.
    static var endings: [String] {
        [".jsonl", ".ndjson", ".json", ".csv", ".tsv"] + added.withLock { $0.flatMap(\.endings) }
    }

    /// Opens a file as what its first bytes say it is; `-` is standard input.
    ///
    /// `isChecked` false leaves out checks that only the reading of rows needs.
    static func open(
        _ path: String, columns: Set<String>?, rowBytesMax: Int, isChecked: Bool
    ) throws(CorporaError) -> any RowSource {
        let location = try PipeCopies.location(of: path)
        let start = try firstBytes(of: path, at: location)
        if let format = added.withLock({ formats in formats.first { $0.matches(start, path: path) } }) {
            return try format.open(path, at: location, columns: columns)
        }
        switch try TextForm(of: path, rowBytesMax: rowBytesMax) {
        case .lines: return try LineSource(path: path, rowBytesMax: rowBytesMax, isChecked: isChecked)
        case .array: return try DocumentSource(path: path, form: .array, rowBytesMax: rowBytesMax)
        case .document: return try DocumentSource(path: path, form: .sequence, rowBytesMax: rowBytesMax)
        case .table(let delimiter): return try TableSource(path: path, delimiter: delimiter, rowBytesMax: rowBytesMax)
        }
    }

    /// Opens a file whose rows can be read by their numbers. Throws `otherFormat` for any other file.
    static func seekable(
        _ path: String, at location: String, columns: Set<String>
    ) throws(CorporaError) -> any SeekableRows {
        let start = try firstBytes(of: path, at: location)
        if let format = added.withLock({ formats in formats.first { $0.matches(start, path: path) } }),
            let rows = try format.seekable(path, at: location, columns: columns)
        {
            return rows
        }
        throw .otherFormat("\(path): is no file whose rows this program reads by their numbers")
    }

    private static func firstBytes(of path: String, at location: String) throws(CorporaError) -> [UInt8] {
        let descriptor = Foundation.open(location, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        return Array(bytes[..<count])
    }
}
