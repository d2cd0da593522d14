import Scoring

/// A text as the key of a dictionary or a set, by its digest.
///
/// A `String` is hashed by its characters, at some 50 MB/s, at every look-up; a digest is made of the bytes once, at more
/// than 1 GB/s. Prompts may have a megabyte, and the coordinator's thread looks up thousands of them for a report.
struct TextKey: Hashable, Sendable {
    let text: String
    let digest: Digest

    /// Cost: one digest of the text.
    init(_ text: String) {
        self.text = text
        digest = Digest(of: text)
    }

    static func == (first: TextKey, second: TextKey) -> Bool { first.digest == second.digest }

    func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
