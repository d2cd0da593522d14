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
    /// Mean reward of the context's own rows, which the model saw; for the shortcut test.
    public let contextMean: Double?

    /// Number of queries.
    public var count: Int { predictions.count }

    /// The field's binary label (V0, arXiv 2602.03584): success from here on.
    public static let labelThreshold = 0.5

    /// Throws `countMismatch` for lists of different lengths, `probabilityOutOfRange` naming the prompt for a
    /// prediction, and `scoreOutOfRange` for a score (or context mean, as index −1), that is not a number in [0, 1].
    public init(
        context: String, promptIDs: [String], predictions: [Double], scores: [Double], contextMean: Double? = nil
    ) throws(PlanningError) {
        for (what, found) in [("predictions", predictions.count), ("scores", scores.count)]
        where found != promptIDs.count {
            throw .countMismatch(what: "\(what) of context \(context)", expected: promptIDs.count, found: found)
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
        self.contextMean = contextMean
    }

    /// By query: score ≥ 0.5.
    public var labels: [Bool] { scores.map { $0 >= Self.labelThreshold } }
}
