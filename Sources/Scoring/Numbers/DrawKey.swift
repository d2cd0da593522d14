/// Decides a prompt's place in random draws, from the digest of its text and a seed.
///
/// So a draw depends neither on the order of prompts nor on their ids: equal texts are always drawn together, and
/// policies that answered the same prompts are profiled on the same prompts.
public struct DrawKey: Hashable, Sendable {
    /// Digest of the prompt's text.
    public let digest: Digest

    /// The key of a text with this digest.
    public init(_ digest: Digest) { self.digest = digest }

    /// Rank of the text in the draw of a seed: the lowest is drawn first.
    public func rank(seed: Int) -> UInt64 { Self.mixed(digest.leading, seed) }

    /// Whether the text is in the first of two random halves. Independent of `rank`.
    public func isFirstHalf(seed: Int) -> Bool { Self.mixed(digest.second, seed) & 1 == 0 }

    private static func mixed(_ word: UInt64, _ seed: Int) -> UInt64 {
        SeededGenerator.mixed(word ^ SeededGenerator.mixed(UInt64(bitPattern: Int64(seed))))
    }
}
