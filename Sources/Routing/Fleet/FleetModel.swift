/// One LLM of a fleet: its price, context length, history and endpoint.
public struct FleetModel: Hashable, Sendable {
    /// Its name for clients and logs, unique in the fleet.
    public var name: String
    /// The price of a request.
    public var price: Price
    /// Expected tokens of an answer; `nil`: those of the fleet's reference request.
    public var outputTokens: Int?
    /// The most tokens of prompt and answer together; `nil`: no known limit.
    public var contextLength: Int?
    /// The files of its history.
    public var history: History
    /// Its server; `nil` in fleets that only decide.
    public var endpoint: Endpoint?
    /// Limits of concurrent requests and of the request rate.
    public var limits: Limits
    /// It gets no requests for this time after a failure.
    public var cooldown: Duration

    /// Outcomes of earlier prompts, from which success is predicted.
    public struct History: Hashable, Sendable {
        /// History files, relative to the fleet file. Without files the history has only the outcomes of
        /// `/v1/outcomes`.
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
        /// The name of the model on the server.
        public var model: String
        /// Environment variable that holds the key; never the key itself. `nil`: no key is sent.
        public var keyVariable: String?
        /// An answer must start within this time.
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

    /// The name of its rows in history files.
    public var policy: String { history.policy ?? name }
}
