/// One LLM of a fleet: its price, context length, history of outcomes and endpoint.
public struct FleetModel: Hashable, Sendable {
    /// Name in requests and logs; unique in its fleet.
    public var name: String
    /// Price of a request.
    public var price: Price
    /// Expected number of tokens of an answer; `nil` uses that of the fleet's reference request.
    public var outputTokens: Int?
    /// Most tokens of prompt and answer together; `nil` is unlimited or unknown.
    public var contextLength: Int?
    /// Source of its outcomes.
    public var history: History
    /// Its server; `nil` in fleets that only decide.
    public var endpoint: Endpoint?
    /// Limits on requests.
    public var limits: Limits
    /// Time without requests after a failure.
    public var cooldown: Duration

    /// Outcomes of earlier prompts, from which success is predicted.
    public struct History: Hashable, Sendable {
        /// History files, relative to the fleet file. Without files there are only outcomes from `/v1/outcomes`.
        public var files: [String] = []
        /// Prompt files for rows that have only the id of their prompt; also relative to the fleet file.
        public var promptFiles: [String] = []
        /// Name of the policy in the files, `ID` or `ID@VERSION`; `nil` is the model's name.
        public var policy: String?
        /// A history without files.
        public init() {}
    }

    /// An OpenAI-compatible server.
    public struct Endpoint: Hashable, Sendable {
        /// Base address, ending with `/v1`, without a slash at the end.
        public var url: String
        /// Name of the model on the server.
        public var model: String
        /// Environment variable with the key, never the key itself; `nil` sends no key.
        public var keyVariable: String?
        /// Longest time until an answer begins.
        public var timeout: Duration
        /// An address and a model name.
        public init(url: String, model: String, keyVariable: String? = nil, timeout: Duration = .seconds(60)) {
            self.url = url
            self.model = model
            self.keyVariable = keyVariable
            self.timeout = timeout
        }
    }

    /// Limits on requests; `nil` is no limit.
    public struct Limits: Hashable, Sendable {
        /// Most concurrent requests.
        public var concurrent: Int?
        /// Most requests started in any 60 seconds.
        public var requestsPerMinute: Int?
        /// No limits.
        public init() {}
    }

    /// A model without history, endpoint and limits.
    public init(name: String, price: Price) {
        self.name = name
        self.price = price
        history = History()
        limits = Limits()
        cooldown = .seconds(30)
    }

    /// Name of the model's policy in history files.
    public var policy: String { history.policy ?? name }
}
