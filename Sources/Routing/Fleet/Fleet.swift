import Foundation

/// The LLMs among which prompts are routed, and the routing rule. `FleetFile` reads it from a file.
public struct Fleet: Hashable, Sendable {
    /// At least one model, with unique names. Their order breaks ties.
    public let models: [FleetModel]
    /// Index in `models` of the default: it gets prompts for which there is no basis for a decision.
    public let defaultIndex: Int
    /// Indices in `models`, tried in this order if all models ranked by a decision have failed.
    public let fallbacks: [Int]
    /// The rule, unless a request states another.
    public var rule: RouteRule
    /// Fewest rows of history with which a model can be chosen.
    public var evidenceRows: Int
    /// Number of newest rows of a history that profile a model.
    public var historyRows: Int
    /// The request at which prices are compared: relative cost is 1 for the most expensive model. Its output length is
    /// also the expected one of models that state none.
    public var reference: Reference
    /// Longest time without a first byte, over all attempts, before a request fails.
    public var deadline: Duration
    /// What else is known about prompts beside their texts.
    public var references = References()
    /// How requests of one session stay with one model.
    public var sessions = SessionRules()
    /// Clients and their spend limits; empty where the server has no keys, or one without a limit.
    public var clients: [FleetClient] = []
    /// Most US dollars a day (UTC) for all clients together; `nil` is no limit.
    public var dollarsPerDay: Double?

    /// Outcomes of other models on the same prompts, as evidence for each model's predictions.
    public struct References: Hashable, Sendable {
        /// Whether the histories of the other models count.
        public var usesFleet = false
        /// Files with outcomes of any policies, relative to the fleet file. Rows of a model itself are left out for it.
        public var files: [String] = []
        /// Prompt files for rows that have only the id of their prompt; also relative to the fleet file.
        public var promptFiles: [String] = []
        /// No references.
        public init() {}

        /// Whether there are none.
        public var isEmpty: Bool { !usesFleet && files.isEmpty }
    }

    /// A request's length in tokens.
    public struct Reference: Hashable, Sendable {
        /// Tokens of the prompt.
        public var inputTokens = 500
        /// Tokens of the answer.
        public var outputTokens = 500
        /// 500 and 500.
        public init() {}
    }

    /// Throws `emptyFleet`, `duplicateModel`, and `unknownModel` for a default or fallback that is not a model of the
    /// fleet. Without a default the most expensive model is the default, because quality matters more where nothing is
    /// known.
    public init(
        models: [FleetModel], defaultModel: String? = nil, fallbacks: [String] = [], rule: RouteRule = .weighted(0.7)
    ) throws(RoutingError) {
        guard !models.isEmpty else { throw .emptyFleet }
        var places: [String: Int] = [:]
        for (index, model) in models.enumerated() {
            guard places.updateValue(index, forKey: model.name) == nil else { throw .duplicateModel(model.name) }
        }
        func place(_ name: String, as role: String) throws(RoutingError) -> Int {
            guard let place = places[name] else {
                throw .unknownModel(name, role: role, known: models.map(\.name))
            }
            return place
        }
        self.models = models
        self.rule = rule
        evidenceRows = Self.evidenceRowsDefault
        historyRows = 256
        reference = Reference()
        deadline = .seconds(120)
        var order: [Int] = []
        for name in fallbacks { order.append(try place(name, as: "fallback")) }
        self.fallbacks = order
        if let defaultModel {
            defaultIndex = try place(defaultModel, as: "default")
        } else {
            let reference = Reference()
            let costs = models.map {
                $0.price.cost(
                    inputTokens: reference.inputTokens, outputTokens: $0.outputTokens ?? reference.outputTokens)
            }
            defaultIndex = costs.indices.max { costs[$0] < costs[$1] } ?? 0
        }
    }

    /// Default of `evidenceRows`. With fewer rows chance dominates: with 32 rows the standard error of the base rate
    /// alone is 0.09.
    public static let evidenceRowsDefault = 32

    /// The default model.
    public var defaultModel: FleetModel { models[defaultIndex] }

    /// Index of a model by its name.
    public func index(of name: String) -> Int? { models.firstIndex { $0.name == name } }

    /// Expected cost of a model for a prompt of `inputTokens` tokens, in US dollars. `outputTokensMax` is the request's
    /// limit on the answer's length.
    /// `cachedTokens` of the prompt are in the server's prompt cache, and cost less where the model has a price for them.
    public func expectedCost(
        of index: Int, inputTokens: Int, outputTokensMax: Int? = nil, cachedTokens: Int = 0
    ) -> Double {
        let output = expectedOutputTokens(of: index, atMost: outputTokensMax)
        return models[index].cost(inputTokens: inputTokens, outputTokens: output, cachedTokens: cachedTokens)
    }

    /// Expected number of tokens of a model's answer.
    public func expectedOutputTokens(of index: Int, atMost outputTokensMax: Int? = nil) -> Int {
        min(models[index].outputTokens ?? reference.outputTokens, outputTokensMax ?? .max)
    }

    /// Cost of the most expensive model at the reference request, in US dollars: the unit of relative cost. It is the
    /// same for all prompts, so a β is one price of success in dollars for every prompt length. 0 for a free fleet.
    public var costUnit: Double {
        models.indices.map { expectedCost(of: $0, inputTokens: reference.inputTokens) }.max() ?? 0
    }

    /// c̃ = cost / `costUnit`: 1 for the most expensive model at the reference request, above 1 for longer requests; 0
    /// for a free fleet.
    public func relativeCost(_ cost: Double) -> Double {
        let unit = costUnit
        return unit > 0 ? cost / unit : 0
    }
}
