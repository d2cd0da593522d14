public import Scoring

/// One context's queries with what was predicted and what came out: what every metric is made from.
///
/// A context is a policy at a step (PLANNING.md, "Evaluation"). Everything is checked here once, so metrics need not.
public struct ScoredQueries: Hashable, Sendable {
    /// Name of the context, e.g. `run42@1200`; for people and errors.
    public let context: String
    /// By query: the prompt, so that the same prompt is found under other policies.
    public let promptIDs: [String]
    /// By query: predicted success probability ŷ, in [0, 1].
    public let predictions: [Double]
    /// By query: observed mean reward y, in [0, 1].
    public let scores: [Double]
    /// By query: rollouts behind the score, at least 1.
    public let rollouts: [Int]
    /// By query: concentration of the belief, above 0; `nil` where the predictor gives a probability and no more.
    public let kappas: [Double]?
    /// Mean reward of the context's own rows, which the model saw; for the shortcut test.
    public let contextMean: Double?

    /// Number of queries.
    public var count: Int { predictions.count }

    /// The field's binary label (V0, arXiv 2602.03584): success from here on.
    public static let labelThreshold = 0.5

    /// Scores of one rollout each, predicted without a belief.
    ///
    /// Throws `countMismatch` for lists of different lengths, `probabilityOutOfRange` naming the prompt for a
    /// prediction, and `scoreOutOfRange` for a score (or context mean, as index −1), that is not a number in [0, 1].
    public init(
        context: String, promptIDs: [String], predictions: [Double], scores: [Double], contextMean: Double? = nil
    ) throws(PlanningError) {
        try self.init(
            context: context, promptIDs: promptIDs, predictions: predictions, scores: scores,
            rollouts: [Int](repeating: 1, count: scores.count), kappas: nil, contextMean: contextMean)
    }

    /// Outcomes of any number of rollouts, with the belief's concentrations where the predictor has them.
    ///
    /// Throws as the other initialiser does, and `kappaOutOfRange` naming the prompt.
    public init(
        context: String, promptIDs: [String], predictions: [Double], outcomes: [Outcome], kappas: [Double]? = nil,
        contextMean: Double? = nil
    ) throws(PlanningError) {
        try self.init(
            context: context, promptIDs: promptIDs, predictions: predictions, scores: outcomes.map(\.reward),
            rollouts: outcomes.map(\.n), kappas: kappas, contextMean: contextMean)
    }

    private init(
        context: String, promptIDs: [String], predictions: [Double], scores: [Double], rollouts: [Int],
        kappas: [Double]?, contextMean: Double?
    ) throws(PlanningError) {
        for (what, found) in [
            ("predictions", predictions.count), ("scores", scores.count), ("kappas", kappas?.count ?? promptIDs.count),
        ] where found != promptIDs.count {
            throw .countMismatch(what: "\(what) of context \(context)", expected: promptIDs.count, found: found)
        }
        for (index, kappa) in (kappas ?? []).enumerated() where !(kappa > 0) {
            throw .kappaOutOfRange(promptID: promptIDs[index], value: kappa)
        }
        for (index, prediction) in predictions.enumerated() where !(prediction >= 0 && prediction <= 1) {
            throw .probabilityOutOfRange(promptID: promptIDs[index], value: prediction)
        }
        for (index, score) in scores.enumerated() where !(score >= 0 && score <= 1) {
            throw .scoreOutOfRange(context: context, index: index, value: score)
        }
        if let contextMean, !(contextMean >= 0 && contextMean <= 1) {
            throw .scoreOutOfRange(context: context, index: -1, value: contextMean)
        }
        self.context = context
        self.promptIDs = promptIDs
        self.predictions = predictions
        self.scores = scores
        self.rollouts = rollouts
        self.kappas = kappas
        self.contextMean = contextMean
    }

    /// By query: score ≥ 0.5.
    public var labels: [Bool] { scores.map { $0 >= Self.labelThreshold } }

    /// Whether at least half of the queries have several rollouts, so that a score is a rate and not one answer. What is
    /// said of beliefs and budgets is said of such contexts.
    public var isMostlyRepeated: Bool { rollouts.count { $0 > 1 } * 2 >= max(1, count) }
}
