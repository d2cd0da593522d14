/// One LLM of a fleet: what it costs, what it can read, whose record tells how good it is, and where it answers.
public struct FleetModel: Hashable, Sendable {
    /// Unique in its fleet; what clients and logs call it.
    public var name: String
    /// What a request costs.
    public var price: Price
    /// Tokens that an answer is expected to have; `nil`: the fleet's reference request says.
    public var outputTokens: Int?
    /// Tokens of prompt and answer that it takes together; `nil`: unlimited as far as we know.
    public var contextLength: Int?
    /// Where its record comes from.
    public var history: History
    /// Where it answers; `nil` in fleets that only decide.
    public var endpoint: Endpoint?
    /// What may be asked of it at a time.
    public var limits: Limits
    /// After a failure it is left alone for so long.
    public var cooldown: Duration

    /// Outcomes of earlier prompts, by which success is predicted.
    public struct History: Hashable, Sendable {
        /// History files, relative to the fleet file. None: only what `/v1/outcomes` brings.
        public var files: [String] = []
        /// Prompt files, for rows that name their prompt by id only; relative to the fleet file too.
        public var promptFiles: [String] = []
        /// The policy's name in the files, as `ID` or `ID@VERSION`; `nil`: the model's own name.
        public var policy: String?
        /// No files yet.
        public init() {}
    }

    /// An OpenAI-compatible server.
    public struct Endpoint: Hashable, Sendable {
        /// Base address, up to and with `/v1`; no slash at the end.
        public var url: String
        /// What the server calls the model.
        public var model: String
        /// Environment variable that holds the key; never the key itself. `nil`: no key is sent.
        public var keyVariable: String?
        /// An answer has to begin within this time.
        public var timeout: Duration
        /// An address with its model.
        public init(url: String, model: String, keyVariable: String? = nil, timeout: Duration = .seconds(60)) {
            self.url = url
            self.model = model
            self.keyVariable = keyVariable
            self.timeout = timeout
        }
    }

    /// Bounds; `nil` is none.
    public struct Limits: Hashable, Sendable {
        /// Requests under way at a time.
        public var concurrent: Int?
        /// Requests begun in any 60 seconds.
        public var requestsPerMinute: Int?
        /// No bounds.
        public init() {}
    }

    /// A model that only decides: no history, no endpoint, no bounds.
    public init(name: String, price: Price) {
        self.name = name
        self.price = price
        history = History()
        limits = Limits()
        cooldown = .seconds(30)
    }

    /// The name under which its rows stand in history files.
    public var policy: String { history.policy ?? name }
}
