internal import Scoring

/// How an evaluation is done.
public struct EvaluationOptions: Hashable, Sendable {
    /// Rows drawn to profile a policy version, in rising order; fewer where it has fewer. A smaller context is the
    /// beginning of the larger one of its seed, so sizes are compared on the same draws and the same queries.
    public let contextSizes: [Int]
    /// Independent draws of context rows; each is a whole evaluation, and their spread gives the standard error.
    public let seeds: Int
    /// A context with fewer queries than this of either class is skipped: its AUC would be mostly chance.
    public let classMin: Int
    /// Leading columns of the features that are the encoder's unit embedding; `nil` leaves out the baselines that read
    /// them, `knn10` and `logistic`.
    public let embeddingColumns: Int?
    /// What plans are made for, to see what they realise; `nil` plans nothing.
    public let budget: BudgetRange?
    /// Texts embedded per call of the model; progress is told after each.
    public let chunkTexts: Int

    /// Rollouts of the plans by which beliefs are judged.
    public struct BudgetRange: Hashable, Sendable, Codable {
        /// Rollouts a prompt on average.
        public let mean: Int
        /// Least budget of a prompt.
        public let minimum: Int
        /// Largest budget of a prompt.
        public let maximum: Int

        /// 8 rollouts in 4…32 by default. Throws `optionOutOfRange` unless 0 ≤ minimum ≤ mean ≤ maximum ≤ 1024.
        public init(mean: Int = 8, minimum: Int = 4, maximum: Int = 32) throws(EvaluationError) {
            guard minimum >= 0, minimum <= mean else {
                throw .optionOutOfRange(name: "least budget", value: minimum, range: "0…\(mean)")
            }
            guard maximum >= mean, maximum <= 1024 else {
                throw .optionOutOfRange(name: "largest budget", value: maximum, range: "\(mean)…1024")
            }
            self.mean = mean
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    /// Throws `optionOutOfRange` naming the option that is below 1, or a context above `ContextSet.rowsMax`.
    public init(
        contextSizes: [Int] = [256], seeds: Int = 3, classMin: Int = 5, embeddingColumns: Int? = nil,
        budget: BudgetRange? = nil, chunkTexts: Int = 256
    ) throws(EvaluationError) {
        let sizes = contextSizes.map { ("context size", $0, ContextSet.rowsMax) }
        for (name, value, high) in sizes + [
            ("number of context sizes", contextSizes.count, 1000), ("seeds", seeds, 1000),
            ("queries of each class", classMin, Int.max), ("texts a chunk", chunkTexts, Int.max),
        ] where value < 1 || value > high {
            throw .optionOutOfRange(name: name, value: value, range: high == Int.max ? "1…" : "1…\(high)")
        }
        self.contextSizes = Set(contextSizes).sorted()
        self.seeds = seeds
        self.classMin = classMin
        self.embeddingColumns = embeddingColumns
        self.budget = budget
        self.chunkTexts = chunkTexts
    }

    /// The largest context.
    var contextRows: Int { contextSizes.last ?? 1 }
}
