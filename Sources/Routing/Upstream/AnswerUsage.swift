import JSON

/// What an answer says of its length: the object `usage`, as OpenAI's servers write it.
public struct AnswerUsage: Hashable, Sendable {
    /// Tokens of the prompt.
    public var inputTokens: Int
    /// Tokens of the answer.
    public var outputTokens: Int
    /// Tokens of the prompt that the server had in its prompt cache.
    public var cachedTokens: Int

    /// Numbers of tokens.
    public init(inputTokens: Int, outputTokens: Int, cachedTokens: Int = 0) {
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
        self.cachedTokens = cachedTokens
    }

    /// Reads the object; `nil` where it has no valid numbers of tokens.
    init?(_ value: JSONValue?) {
        guard let object = value?.object, let input = Self.count(object["prompt_tokens"]),
            let output = Self.count(object["completion_tokens"])
        else { return nil }
        let cached = Self.count(object["prompt_tokens_details"]?.member(at: ["cached_tokens"])) ?? 0
        self.init(inputTokens: input, outputTokens: output, cachedTokens: min(cached, input))
    }

    /// Largest number of tokens that is believed: more than any model reads or writes. A larger claim would spend a client's
    /// money for a day.
    static let most = 1 << 24

    /// The same, at most so many tokens each.
    public func atMost(_ tokens: Int?) -> AnswerUsage {
        guard let tokens else { return self }
        let input = min(inputTokens, tokens)
        return AnswerUsage(
            inputTokens: input, outputTokens: min(outputTokens, tokens), cachedTokens: min(cachedTokens, input))
    }

    private static func count(_ value: JSONValue?) -> Int? {
        value?.integer.flatMap { (0...most).contains($0) ? $0 : nil }
    }
}
