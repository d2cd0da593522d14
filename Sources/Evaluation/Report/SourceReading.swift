internal import Scoring

/// How the encoder reads a source's prompts. It knows nothing of what it does not read.
public struct SourceReading: Codable, Hashable, Sendable {
    /// Name of the source.
    public let source: String
    /// Distinct prompts with an outcome.
    public let prompts: Int
    /// Mean tokens of a prompt that are read.
    public let tokens: Double
    /// Share of prompts whose end is not read.
    public let truncatedShare: Double
    /// Share of tokens that stand for what the vocabulary does not have.
    public let unknownShare: Double

    enum CodingKeys: String, CodingKey {
        case source, prompts, tokens
        case truncatedShare = "truncated_share"
        case unknownShare = "unknown_share"
    }
}
