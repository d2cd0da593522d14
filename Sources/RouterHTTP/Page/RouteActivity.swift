import Routing

/// What the router has decided and what endpoints have answered since its start, summed up for its page. A plain value of
/// constant size; callers say what happened and when.
struct RouteActivity: Sendable {
    /// One model of the fleet.
    struct Model: Sendable {
        /// Decisions for it, and those of them for a request that named it.
        var decisions = 0
        var named = 0
        /// Answers and failures of its endpoint.
        var answers = 0
        var failures = 0
        /// US dollars of its answers.
        var dollars = 0.0
        /// If it had got every prompt that has a prediction for it: how many there are, and sums of p and expected cost.
        var predicted = 0
        var sumP = 0.0
        var sumCost = 0.0
        /// The latest failure of its endpoint, by its reason.
        var lastFailure: String?
        /// Seconds since the start of the server, of that failure.
        var lastFailureTime: Double?
    }

    /// By model.
    private(set) var models: [Model]
    /// Decisions by reason.
    private(set) var reasons: [String: Int] = [:]
    /// Decisions for a model with a prediction; sums of its p and expected cost.
    private(set) var predicted = 0
    private(set) var sumP = 0.0
    private(set) var sumCost = 0.0
    /// Outcomes that count, and those that do not.
    private(set) var outcomes = 0
    private(set) var outcomesRejected = 0
    /// Decisions, all together.
    var decisions: Int { models.reduce(undecided) { $0 + $1.decisions } }
    private(set) var undecided = 0

    /// Nothing happened.
    init(models: Int) {
        self.models = Array(repeating: Model(), count: models)
    }

    /// A decision. Cost: O(candidates).
    mutating func decided(_ decision: RouteDecision, candidates: [RouteCandidate]) {
        reasons[decision.reason.rawValue, default: 0] += 1
        guard let chosen = decision.model, models.indices.contains(chosen) else {
            undecided += 1
            return
        }
        models[chosen].decisions += 1
        if decision.reason == .named { models[chosen].named += 1 }
        for candidate in candidates where candidate.prediction != nil && models.indices.contains(candidate.model) {
            models[candidate.model].predicted += 1
            models[candidate.model].sumP += candidate.p
            models[candidate.model].sumCost += candidate.cost
            guard candidate.model == chosen else { continue }
            predicted += 1
            sumP += candidate.p
            sumCost += candidate.cost
        }
    }

    /// An endpoint answered, for so many dollars.
    mutating func answered(_ model: Int, dollars: Double) {
        models[model].answers += 1
        models[model].dollars += dollars
    }

    /// An endpoint failed.
    mutating func failed(_ model: Int, _ failure: UpstreamFailure, seconds: Double) {
        models[model].failures += 1
        models[model].lastFailure = failure.reason.rawValue
        models[model].lastFailureTime = seconds
    }

    /// Outcomes were reported.
    mutating func reported(accepted: Int, rejected: Int) {
        outcomes += accepted
        outcomesRejected += rejected
    }
}
