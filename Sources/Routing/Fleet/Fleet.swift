import Foundation

/// The LLMs among which prompts are routed, and by which rule. Read from a file by `FleetFile`.
public struct Fleet: Hashable, Sendable {
    /// In the file's order, which decides between equals. At least one; names are unique.
    public let models: [FleetModel]
    /// Index in `models`: where a prompt goes when there is nothing to decide by.
    public let defaultIndex: Int
    /// Indices in `models`, tried in this order when the models that a decision ranked have all failed.
    public let fallbacks: [Int]
    /// How decisions are made, unless a request says otherwise.
    public var rule: RouteRule
    /// Rows of history that a model needs to be decided for.
    public var evidenceRows: Int
    /// The newest rows of a history that profile a model.
    public var historyRows: Int
    /// The request at which prices are compared, in tokens: what the answer is expected to have where a model does not
    /// say, and where relative cost is 1 for the dearest model.
    public var reference: Reference
    /// A request is given up, whatever was tried, after so long without a first byte.
    public var deadline: Duration

    /// A request's length in tokens.
    public struct Reference: Hashable, Sendable {
        /// Tokens of the prompt.
        public var inputTokens = 500
        /// Tokens of the answer.
        public var outputTokens = 500
        /// 500 and 500.
        public init() {}
    }

    /// Throws `emptyFleet`, `duplicateModel`, and `unknownModel` for a default or fallback that is none of the models.
    /// Without a default the dearest model is it: where nothing is known, quality comes first.
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
        evidenceRows = Self.evidenceRowsUsual
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

    /// Below this a record says more about luck than about the model: with 32 rows the base rate alone is uncertain by
    /// 0.09.
    public static let evidenceRowsUsual = 32

    /// The default model.
    public var defaultModel: FleetModel { models[defaultIndex] }

    /// Index of a model by its name.
    public func index(of name: String) -> Int? { models.firstIndex { $0.name == name } }

    /// US dollars that a model is expected to take for a prompt of so many tokens. `outputTokensMax` is what the
    /// request allows; no answer is longer.
    public func expectedCost(of index: Int, inputTokens: Int, outputTokensMax: Int? = nil) -> Double {
        models[index].price.cost(
            inputTokens: inputTokens, outputTokens: expectedOutputTokens(of: index, atMost: outputTokensMax))
    }

    /// Tokens that a model's answer is expected to have.
    public func expectedOutputTokens(of index: Int, atMost outputTokensMax: Int? = nil) -> Int {
        min(models[index].outputTokens ?? reference.outputTokens, outputTokensMax ?? .max)
    }

    /// Cost of the dearest model at the reference request, in US dollars: the unit of relative cost. One unit for all
    /// prompts, so that a β is one price of success in dollars, whatever the prompt's length. 0 in a fleet that is
    /// free.
    public var costUnit: Double {
        models.indices.map { expectedCost(of: $0, inputTokens: reference.inputTokens) }.max() ?? 0
    }

    /// c̃ = cost / `costUnit`: 1 for the dearest model at the reference request, above 1 for longer ones; 0 where all
    /// is free.
    public func relativeCost(_ cost: Double) -> Double {
        let unit = costUnit
        return unit > 0 ? cost / unit : 0
    }
}
