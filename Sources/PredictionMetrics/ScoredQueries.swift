public import Scoring

/// One context's queries with their predictions and outcomes: the input of every metric.
///
/// A context is a policy at a step. The values are checked here once, so metrics need not check them again.
public struct ScoredQueries: Hashable, Sendable {
    /// Name of the context, e.g. `run42@1200`; for reports and errors.
    public let context: String
    /// By query: the prompt's id, which finds the same prompt under other policies.
    public let promptIDs: [String]
    /// By query: predicted success probability ŷ, in [0, 1].
    public let predictions: [Double]
    /// By query: observed mean reward y, in [0, 1].
    public let scores: [Double]
    /// By query: rollouts behind the score, at least 1.
    public let rollouts: [Int]
    /// By query: concentration of the belief, above 0; `nil` where the predictor gives only a probability.
    public let kappas: [Double]?
    /// Mean reward of the rows in the model's context set; for the shortcut test.
    public let contextMean: Double?

    /// Number of queries.
    public var count: Int { predictions.count }

    /// Threshold of the usual binary label (V0, arXiv 2602.03584): a score of at least this is a success.
    public static let labelThreshold = 0.5

    /// Scores of one rollout each, with predictions that have no concentration.
    ///
    /// Throws `countMismatch` for lists of different lengths, `probabilityOutOfRange` naming the prompt for a
    /// prediction, and `scoreOutOfRange` for a score (or context mean, as index −1) that is not a number in [0, 1].
    public init(
        context: String, promptIDs: [String], predictions: [Double], scores: [Double], contextMean: Double? = nil
    ) throws(MetricError) {
        try self.init(
            context: context, promptIDs: promptIDs, predictions: predictions, scores: scores,
            rollouts: [Int](repeating: 1, count: scores.count), kappas: nil, contextMean: contextMean)
    }

    /// Outcomes of any number of rollouts, with the beliefs' concentrations if the predictor has them.
    ///
    /// Throws the errors of the other initialiser, and `kappaOutOfRange` naming the prompt.
    public init(
        context: String, promptIDs: [String], predictions: [Double], outcomes: [Outcome], kappas: [Double]? = nil,
        contextMean: Double? = nil
    ) throws(MetricError) {
        try self.init(
            context: context, promptIDs: promptIDs, predictions: predictions, scores: outcomes.map(\.reward),
            rollouts: outcomes.map(\.n), kappas: kappas, contextMean: contextMean)
    }

    private init(
        context: String, promptIDs: [String], predictions: [Double], scores: [Double], rollouts: [Int],
        kappas: [Double]?, contextMean: Double?
    ) throws(MetricError) {
        for (what, found) in [
            ("predictions", predictions.count), ("scores", scores.count), ("kappas", kappas?.count ?? promptIDs.count),
        ] where found != promptIDs.count {
            throw .countMismatch(list: "\(what) of context \(context)", expected: promptIDs.count, found: found)
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

    /// Whether at least half of the queries have several rollouts, so that a score is a rate and not one answer. Only
    /// such contexts count in figures about beliefs and budgets.
    public var isMostlyRepeated: Bool { rollouts.count { $0 > 1 } * 2 >= max(1, count) }
}
