import Scoring

/// What a fit reads of a context's rows beside their outcomes.
struct CompactHeadInputs {
    /// `(N, E + S)`, of the rows alone.
    let features: FeatureMatrix
    /// E.
    let embeddingColumns: Int
    /// As the difficulty network has read them.
    let prompts: CompactHeadPrompts
    /// `(N, 30)`, surface features of step 2.
    let standardised: [Double]
    /// Character runs; `nil` where they do not count or there are no rows.
    let grams: GramContext?
    /// Columns of references; `nil` without any.
    let references: ReferenceColumns?

    /// Standardised surface features times a vector.
    func priorScores(_ weights: [Double]) -> [Double] {
        stride(from: 0, to: standardised.count, by: weights.count).map { start in
            weights.indices.reduce(0) { $0 + weights[$1] * standardised[start + $1] }
        }
    }
}
