/// The text of a prompt, by which it is known when it is named by its id alone.
public struct NamedText: Hashable, Sendable {
    /// The prompt.
    public var promptID: String
    /// Its text.
    public var text: String

    /// Names a text.
    public init(promptID: String, text: String) {
        self.promptID = promptID
        self.text = text
    }
}
