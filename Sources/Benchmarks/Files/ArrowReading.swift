import ArrowFiles
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
    }

    init(
        _ path: String, columns: [String]?, _ depth: Depth, write: ([UInt8]) -> Void
    ) throws {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        let start = try file.read(upToCount: ArrowFormat.startBytes) ?? Data()
        guard let format = ArrowFormat(start: start) else { throw CocoaError(.fileReadUnknown) }
        let clock = ContinuousClock()
        let (begin, processor) = (clock.now, Self.processorSeconds)
        let reader = try ArrowReader(path: path, format: format, columns: columns)
        var writer = JSONWriter()
        while let batch = try reader.next() {
            switch depth {
            case .batches: break
            case .rows:
                for row in 0..<batch.rows {
                    for column in batch.names.indices { _ = batch.value(row: row, column: column) }
                }
            case .lines:
                for row in 0..<batch.rows {
                    writer.value(.object(batch.object(row: row)))
                    writer.raw("\n")
                }
                write(writer.bytes)
                writer.clear()
            }
        }
        rows = reader.rows
        seconds = (clock.now - begin) / .seconds(1)
        processor_seconds = Self.processorSeconds - processor
    }

    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
