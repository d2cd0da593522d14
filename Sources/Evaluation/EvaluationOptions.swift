internal import Scoring

/// How an evaluation is done.
public struct EvaluationOptions: Hashable, Sendable {
    /// Rows drawn to profile a policy version; fewer where it has fewer.
    public let contextRows: Int
    /// Independent draws of context rows; each is a whole evaluation, and their spread gives the standard error.
    public let seeds: Int
    /// A context with fewer queries than this of either class is skipped: its AUC would be mostly chance.
    public let classMin: Int
    /// Leading columns of the features that are the encoder's unit embedding; `nil` leaves out the baseline `knn10`.
    public let embeddingColumns: Int?
    /// Texts embedded per call of the model; progress is told after each.
    public let chunkTexts: Int

    /// Throws `optionOutOfRange` naming the option that is below 1, or a context above `ContextSet.rowsMax`.
    public init(
        contextRows: Int = 256, seeds: Int = 3, classMin: Int = 5, embeddingColumns: Int? = nil, chunkTexts: Int = 256
    ) throws(EvaluationError) {
        for (name, value, high) in [
            ("context size", contextRows, ContextSet.rowsMax), ("seeds", seeds, 1000),
            ("queries of each class", classMin, Int.max), ("texts a chunk", chunkTexts, Int.max),
        ] where value < 1 || value > high {
            throw .optionOutOfRange(name: name, value: value, range: high == Int.max ? "1…" : "1…\(high)")
        }
        self.contextRows = contextRows
        self.seeds = seeds
        self.classMin = classMin
        self.embeddingColumns = embeddingColumns
        self.chunkTexts = chunkTexts
    }
}
