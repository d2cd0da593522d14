/// Identifies a value model: its weights, its tokenizer and its numerics. Only workers with equal fingerprints share
/// work.
public struct ModelFingerprint: Hashable, Sendable, CustomStringConvertible {
    /// For people: architecture, head and precision, e.g. `all-MiniLM-L6-v2+gp/f32`.
    public let name: String
    /// For programs: SHA-256 over everything that can change an answer.
    public let digest: Digest

    /// Names a model.
    public init(name: String, digest: Digest) {
        self.name = name
        self.digest = digest
    }

    /// Name and first digits of the digest, for a log line.
    public var description: String { "\(name) (\(digest.short))" }
}
