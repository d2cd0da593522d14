import ArrowFiles
import Corpora
import Foundation
import JSON

/// Reads a Parquet or Arrow file once, and measures it.
struct ArrowReading: Encodable {
    let rows: Int
    let seconds: Double
    let processor_seconds: Double

    /// How much is made of each row.
    enum Depth: String, CaseIterable {
        /// Nothing: batches only.
        case batches
        /// A JSON value of every column.
        case rows
        /// A JSON line, passed to `write`.
        case lines
        /// Prompts as `score` reads them: the text by the usual names, the id, the digest of the file.
        case prompts
    }

    init(
        _ path: String, columns: [String]?, _ depth: Depth, write: ([UInt8]) -> Void
    ) throws {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        let start = try file.read(upToCount: ArrowFormat.startBytes) ?? Data()
        guard let format = ArrowFormat(start: start) else { throw CocoaError(.fileReadUnknown) }
        // Python has imported its library as well when its time begins.
        _ = try ArrowLibrary.version()
        let clock = ContinuousClock()
        let (begin, processor) = (clock.now, Self.processorSeconds)
        if depth == .prompts {
            rows = try Self.prompts(of: path)
        } else {
            let reader = try ArrowReader(path: path, format: format, columns: columns)
            try Self.read(reader, depth, write: write)
            rows = reader.rows
        }
        seconds = (clock.now - begin) / .seconds(1)
        processor_seconds = Self.processorSeconds - processor
    }

    private static func read(_ reader: ArrowReader, _ depth: Depth, write: ([UInt8]) -> Void) throws {
        var writer = JSONWriter()
        while let batch = try reader.next() {
            switch depth {
            case .batches, .prompts: break
            case .rows: for row in 0..<batch.rows { _ = batch.object(row: row) }
            case .lines:
                for row in 0..<batch.rows {
                    writer.value(.object(batch.object(row: row)))
                    writer.raw("\n")
                }
                write(writer.bytes)
                writer.clear()
            }
        }
    }

    private static func prompts(of path: String) throws -> Int {
        RowFormats.add(ArrowRowFormat())
        var corpus = try PromptCorpus(files: [path])
        while try corpus.next() != nil {}
        return corpus.counts.rows
    }

    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
