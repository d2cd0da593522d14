import CArrow

/// The file formats that the Arrow library reads and writes. The first bytes decide, never the name.
package enum ArrowFormat: String, Sendable, CaseIterable {
    /// Parquet.
    case parquet
    /// The Arrow IPC file format, also called Feather version 2.
    case arrow
    /// The Arrow IPC stream format, which Hugging Face `datasets` writes to disk.
    case arrowStream = "arrow-stream"

    /// Number of first bytes that `init(start:)` needs.
    package static let startBytes = 8

    /// The format of a file that starts with these bytes; `nil` for any other file.
    package init?(start: some Collection<UInt8>) {
        // PARE: the footer is encrypted; the library says so.
        if start.starts(with: "PAR1".utf8) || start.starts(with: "PARE".utf8) {
            self = .parquet
        } else if start.starts(with: "ARROW1".utf8) {
            self = .arrow
        } else if start.count >= Self.startBytes, start.prefix(4).allSatisfy({ $0 == 0xFF }) {
            // A continuation mark, then the size of the schema's message, little-endian.
            let size = start.dropFirst(4).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            guard (1...Self.schemaBytesMax).contains(size) else { return nil }
            self = .arrowStream
        } else {
            return nil
        }
    }

    /// Name for messages.
    package var name: String {
        switch self {
        case .parquet: "Parquet"
        case .arrow: "an Arrow file"
        case .arrowStream: "an Arrow stream"
        }
    }

    /// The end of file names.
    package var suffix: String {
        switch self {
        case .parquet: "parquet"
        case .arrow: "arrow"
        case .arrowStream: "arrows"
        }
    }

    /// The library's number.
    var number: Int32 {
        switch self {
        case .parquet: STATEZERO_PARQUET
        case .arrow: STATEZERO_ARROW_FILE
        case .arrowStream: STATEZERO_ARROW_STREAM
        }
    }

    private static let schemaBytesMax = 1 << 28
}
