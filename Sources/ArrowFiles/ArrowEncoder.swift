import CArrow

/// Writes Parquet and Arrow IPC files.
package enum ArrowEncoder {
    /// A column of rows to write: a name, or `name.member` for a member of a struct, and the kind of its values.
    package struct Column: Hashable, Sendable {
        /// Kinds of values.
        package enum Kind: String, Sendable {
            case text = "u", int64 = "l", int32 = "i", float = "f", double = "g", bool = "b"
        }

        let name: String
        let kind: Kind

        package init(_ name: String, _ kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    /// Turns JSON lines into a file: one row each line, a member that a line does not have is null. Throws `unwritable` for
    /// a line that has other members or values. The bytes depend on the lines and on the version of the library only.
    /// Memory: the lines, the table and the file together.
    package static func encode(
        lines: [UInt8], columns: [Column], format: ArrowFormat, path: String
    ) throws(ArrowFilesError) -> [UInt8] {
        let table = try ArrowLibrary.table()
        let fields = columns.map { "\($0.name) \($0.kind.rawValue)\n" }.joined()
        var out: UnsafeMutablePointer<UInt8>?
        var size: Int64 = 0
        let failure = ArrowLibrary.failure(table) { error in
            lines.withUnsafeBufferPointer {
                table.pointee.encode_lines(
                    $0.baseAddress, Int64($0.count), fields, format.number, &out, &size, error)
            }
        }
        if let failure { throw .unwritable(path: path, reason: failure) }
        guard let out else { return [] }
        defer { table.pointee.free_bytes(out, size) }
        return Array(UnsafeBufferPointer(start: out, count: Int(size)))
    }

    /// Copies the rows of a file whose number in `counts` is not 0; there is one number for each row of the input. With
    /// `column`, adds a column of that name with the numbers, or replaces it. Everything else stays as it is, also the
    /// file's metadata.
    /// Returns the number of rows written. An incomplete output may stay where it throws `unwritable`.
    package static func copy(
        _ input: String, format: ArrowFormat, to output: String, as outputFormat: ArrowFormat = .parquet,
        adding column: String?, _ counts: [Int64]
    ) throws(ArrowFilesError) -> Int {
        let table = try ArrowLibrary.table()
        var written: Int64 = 0
        let failure = ArrowLibrary.failure(table) { error in
            counts.withUnsafeBufferPointer {
                table.pointee.copy_rows(
                    input, format.number, output, outputFormat.number, column, $0.baseAddress, Int64($0.count),
                    &written,
                    error)
            }
        }
        if let failure { throw .unwritable(path: output, reason: failure) }
        return Int(written)
    }
}
