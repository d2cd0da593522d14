import ArgumentParser
import ArrowFiles
import CommandSupport
import Corpora

/// The file format of rows that a command writes.
enum RowFileFormat: String, ExpressibleByArgument, CaseIterable {
    case jsonl
    case parquet
    case arrow
    case arrowStream = "arrow-stream"
    case openAIBatch = "openai-batch"

    /// `nil` for text.
    private var arrow: ArrowFormat? { ArrowFormat(rawValue: rawValue) }

    /// Turns JSON lines into bytes of this format. Throws `ArrowFilesError` if the library is absent.
    func encode(_ lines: [UInt8], columns: [ArrowEncoder.Column], path: String) throws(ArrowFilesError) -> [UInt8] {
        guard let arrow else { return lines }
        return try ArrowEncoder.encode(lines: lines, columns: columns, format: arrow, path: path)
    }

    /// The format of an output folder's parts. Throws `ArrowFilesError` now, not at the first part, if the library is
    /// absent.
    func parts(columns: [ArrowEncoder.Column]) throws(ArrowFilesError) -> PartFormat {
        guard let arrow else { return self == .openAIBatch ? .openAIBatch : .lines }
        _ = try ArrowLibrary.version()
        return PartFormat(suffix: arrow.suffix) { lines, name throws(CorporaError) in
            do throws(ArrowFilesError) {
                return try ArrowEncoder.encode(lines: lines, columns: columns, format: arrow, path: name)
            } catch {
                throw .otherFormat("\(error)")
            }
        }
    }

    /// The setting for a run's manifest, because the format decides the bytes of the output.
    var settings: [String: String] { self == .jsonl ? [:] : ["format": rawValue] }
}
