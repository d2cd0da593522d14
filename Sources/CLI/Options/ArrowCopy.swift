import ArrowFiles
import CommandSupport
import Foundation

/// Writes chosen rows of a Parquet or Arrow file, whole or not at all.
struct ArrowCopy {
    /// The path as the user wrote it.
    let input: String
    /// The path to open: that of a copy where the input is remote or a pipe.
    let location: String
    let format: ArrowFormat

    /// Writes the rows whose count is not 0, with all columns. `counts` has a number for each row of the input. With
    /// `adding`, a Parquet file gets a column of that name with the counts. Returns the number of rows written.
    func write(_ counts: [Int64], as format: ArrowFormat, adding column: String?, to output: String) throws -> Int {
        guard Self.real(output) != Self.real(location) else {
            throw CommandFailure("\(output): it is the file that is read; give another output")
        }
        let temporary = output + ".tmp"
        let written: Int
        do {
            written = try ArrowEncoder.copy(
                location, format: self.format, to: temporary, as: format, adding: column, counts)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw error
        }
        guard rename(temporary, output) == 0 else {
            let reason = String(cString: strerror(errno))
            try? FileManager.default.removeItem(atPath: temporary)
            throw CommandFailure("\(output): cannot be written: \(reason)")
        }
        return written
    }

    private static func real(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
}
