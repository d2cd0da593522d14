/// A prompt: the state a rollout starts from (state zero).
public struct Prompt: Hashable, Sendable {
    /// Unique in its corpus; chosen by the user, or derived from the text.
    public let id: String
    /// What the model reads: plain text, or a chat flattened by `Corpora`.
    public let text: String

    /// Pairs a text with the id of its answers.
    public init(id: String, text: String) {
        self.id = id
        self.text = text
    }

    /// SHA-256 of the text; equal texts share features whatever their ids. Cost: one hash of the text.
    public var digest: Digest { Digest(of: text) }
}
