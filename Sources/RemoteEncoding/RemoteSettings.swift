/// How a remote encoder is asked. Batches and times change no vector; model, prefix, cut and revision are part of the
/// encoder's identity.
public struct RemoteSettings: Sendable, Equatable {
    /// The model's name in requests; `nil` uses the only model that the server lists.
    public var model: String?
    /// Most texts of a request, at least 1. 32 is the most that TEI accepts by default.
    public var batchRows = 32
    /// Most tokens of a request, as `RequestBatches` estimates them. A longer text is a request of its own.
    public var batchTokens = 16_384
    /// Most requests under way at a time, at least 1.
    public var requestsMax = 4
    /// An answer must be complete within this time.
    public var requestTime: Duration = .seconds(120)
    /// Without any answer for so long, the server counts as unavailable.
    public var outageTime: Duration = .seconds(300)
    /// Asks the server to cut each text to so many tokens: `truncate_prompt_tokens`, which vLLM knows.
    public var truncateTokens: Int?
    /// Cuts each text here, before it is sent, to so many characters; the rows count as truncated.
    public var charactersMax: Int?
    /// Put before each text, as `query: ` for E5.
    public var prefix = ""
    /// The caller's own name for the state of the model; replaces the probe in the identity.
    public var revision: String?

    /// The defaults.
    public init() {}
}
