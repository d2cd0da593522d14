public import Corpora

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
    /// Time without requests after failures.
    public var cooldown: Duration
    /// How many failures begin a cooldown.
    public var failureLimit: FailureLimit
    /// Price of a prompt's tokens that are in the server's prompt cache, in US dollars per million; `nil` is the price of
    /// other input.
    public var cachedInputPrice: Double?
    /// What it accepts beside text; `nil` is unknown, and everything is sent to it.
    public var supports: Set<ChatNeed>?

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
        /// Longest time between two pieces of an answer.
        public var idleTimeout: Duration = .seconds(60)
        /// Longest time for a whole answer.
        public var totalTimeout: Duration = .seconds(300)
        /// Time without a piece of a stream after which a comment is sent to the client; `nil` sends none.
        public var keepAlive: Duration?
        /// An address and a model name.
        public init(url: String, model: String, keyVariable: String? = nil, timeout: Duration = .seconds(60)) {
            self.url = url
            self.model = model
            self.keyVariable = keyVariable
            self.timeout = timeout
        }
    }

    /// When failures begin a cooldown. One prompt may fail everywhere, so several prompts are needed; and an endpoint with
    /// many requests has some failures always, so a share of them is needed.
    public struct FailureLimit: Hashable, Sendable {
        /// Fewest different prompts that fail within the window.
        public var prompts = 3
        /// Least share of them among all results of the window.
        public var share = 0.5
        /// The time that counts.
        public var window = Duration.seconds(120)
        /// 3 prompts, half of the results, two minutes.
        public init() {}
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
        failureLimit = FailureLimit()
    }

    /// Which of these it does not accept.
    public func lacks(_ needs: Set<ChatNeed>) -> Set<ChatNeed> { supports.map { needs.subtracting($0) } ?? [] }

    /// Name of the model's policy in history files.
    public var policy: String { history.policy ?? name }
}

extension FleetModel {
    /// Cost of a request in US dollars, with `cachedTokens` of its prompt in the server's prompt cache.
    public func cost(inputTokens: Int, outputTokens: Int, cachedTokens: Int) -> Double {
        let full = price.cost(inputTokens: inputTokens, outputTokens: outputTokens)
        guard case .perMillionTokens(let input, _) = price, let cached = cachedInputPrice else { return full }
        return max(0, full - (input - cached) * Double(min(cachedTokens, inputTokens)) / 1e6)
    }
}
