/// Why a Parquet or Arrow file could not be read or written.
package enum ArrowFilesError: Error, Equatable {
    /// The library that reads these files is on none of these paths.
    case libraryMissing(searched: [String])
    /// The library is there and does not load, or is of another version.
    case libraryUnusable(path: String, reason: String)
    /// The file cannot be opened, is damaged, or is not supported.
    case unreadable(path: String, rows: Int, reason: String)
    /// A column that is needed has a type without a meaning here.
    case unsupportedColumn(path: String, column: String, type: String)
    /// A file of vectors does not have an id and a vector of one length in its rows.
    case unusableVectors(path: String, reason: String)
    /// Rows do not become a file.
    case unwritable(path: String, reason: String)
}

extension ArrowFilesError: CustomStringConvertible {
    /// What happened, where, and what to do next.
    package var description: String {
        switch self {
        case .libraryMissing(let searched):
            "Parquet and Arrow files need the Arrow library, which is not installed; run scripts/arrow/install, or set"
                + " \(ArrowLibrary.variable) to its folder (searched: \(searched.joined(separator: ", ")))"
        case .libraryUnusable(let path, let reason):
            "\(path): the Arrow library cannot be used: \(reason); run scripts/arrow/install again"
        case .unreadable(let path, let rows, let reason):
            "\(path): cannot be read\(rows > 0 ? " after row \(rows)" : ""): \(reason);"
                + " the file may be damaged or incomplete, fetch or write it again"
        case .unsupportedColumn(let path, let column, let type):
            "\(path): the column \"\(column)\" has a type that is not read here (\(type)); convert it to text, numbers,"
                + " lists or structs"
        case .unusableVectors(let path, let reason): "\(path): \(reason)"
        case .unwritable(let path, let reason):
            "\(path): cannot be written: \(reason); check the folder, its free space and the rows"
        }
    }
}
