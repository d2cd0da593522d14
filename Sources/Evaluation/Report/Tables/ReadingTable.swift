internal import Reporting

/// How the encoder reads each source's prompts, as text.
public struct ReadingTable: CustomStringConvertible {
    private let reading: [SourceReading]

    /// Arranges the counts.
    public init(_ reading: [SourceReading]) {
        self.reading = reading
    }

    /// One line a source.
    public var description: String {
        TextTable(
            header: ["source", "prompts", "tokens a prompt", "% of prompts cut", "% of tokens unknown"],
            rows: reading.map { source in
                [source.source, String(source.prompts), decimals(source.tokens, 0)]
                    + [source.truncatedShare, source.unknownShare].map { decimals(100 * $0, 1) }
            }
        ).description
    }
}
