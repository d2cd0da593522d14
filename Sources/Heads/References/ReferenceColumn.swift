import Kernels
import Scoring

/// One column z made of references: how easy they found a prompt, in the spread of the context's rows.
///
/// Weighted residuals of the references that have met the prompt, and what its text says by `ReferenceSmoothing`, which
/// counts for as much as two references. HEAD.md in `scripts/train`, section "References", has the formulas;
/// `scripts/head/references.py` is the slow version.
struct ReferenceColumn: Sendable {
    /// By row of the context.
    private(set) var context: [Double]
    /// By reference of this kind.
    let weights: [Double]
    /// Prior probability that the column says nothing of the policy.
    let null: Double
    private let outcomes: ReferenceOutcomes
    let smoothing: ReferenceSmoothing?
    /// By prompt: its place among those of the smoothing.
    let places: [Int?]
    private let mean: Double
    private let deviation: Double

    /// Most prompts that are smoothed over.
    static let smoothedMax = 800
    /// With fewer, the text says nothing.
    private static let smoothedMin = 16
    /// What the text counts for, in references.
    private static let textWeight = 2.0
    /// `null` of old records, which have no others to agree with.
    private static let recordNull = 0.4
    private static let shrinkageRows = 8.0
    private static let shrinkageVariance = 0.05
    private static let limit = 4.0

    /// `nil` where no reference of the kind has an outcome. `features` are those of `ContextSet.texts`.
    init?(
        _ kind: SideSchema.Reference.Kind, schema: SideSchema, prompts: ReferencedPrompts, rewards: [Double],
        features: FeatureMatrix, progress: () -> Void
    ) throws(KernelError) {
        guard let outcomes = ReferenceOutcomes(kind, schema: schema, prompts: prompts.sides) else { return nil }
        let entries = prompts.sides.map { outcomes.entries($0) }
        let agreement = ReferenceAgreement(count: outcomes.count, entries: entries)
        let weights = ReferenceWeights.weights(
            from: agreement.weights, entries: prompts.placeOfRow.map { entries[$0] }, rewards: rewards)
        let sums = entries.map { Self.sum($0, weights) }

        let smoothed = Array(sums.indices.filter { sums[$0].count > 0 }.prefix(Self.smoothedMax))
        var smoothing: ReferenceSmoothing?
        if smoothed.count >= Self.smoothedMin {
            smoothing = try ReferenceSmoothing(
                features: features.selecting(smoothed.map { prompts.featureRows[$0] }),
                means: smoothed.map { sums[$0].sum / sums[$0].count }, counts: smoothed.map { sums[$0].count },
                progress: progress)
        }
        var places = [Int?](repeating: nil, count: sums.count)
        for (place, prompt) in smoothed.enumerated() where smoothing != nil { places[prompt] = place }

        let texts = try Self.texts(
            smoothing, places: prompts.placeOfRow.map { places[$0] }, features: features,
            rows: prompts.placeOfRow.map { prompts.featureRows[$0] })
        let difficulties = zip(prompts.placeOfRow, texts).map { Self.difficulty(sums[$0], text: $1) }
        let rows = Double(rewards.count)
        mean = difficulties.reduce(0, +) / max(rows, 1)
        var squares = Self.shrinkageVariance * Self.shrinkageRows
        for value in difficulties { squares += (value - mean) * (value - mean) }
        deviation = (squares / (rows + Self.shrinkageRows)).squareRoot()
        null = kind == .ownRecord ? Self.recordNull : agreement.null
        self.weights = weights
        self.outcomes = outcomes
        self.smoothing = smoothing
        self.places = places
        context = []
        context = difficulties.map { standardised($0) }
    }

    /// References that have met a prompt and count.
    var used: Int { weights.indices.count { outcomes.isKnown($0) && abs(weights[$0]) >= ReferenceWeights.useMin } }

    /// By query, z: of its side information and its row of features `(Q, E + S)`. `prompts` is by query: its prompt, if it is
    /// one of the context's or its pool's.
    ///
    /// Cost: M dot products for each that was not smoothed over, unless all queries' sums over `smoothing` are given.
    func values(
        _ queries: [SideInformation], prompts: [Int?], features: FeatureMatrix, rows: [Int], sums: [Double]?
    ) throws(KernelError) -> [Double] {
        let places = prompts.map { prompt in prompt.flatMap { self.places[$0] } }
        let texts = try Self.texts(smoothing, places: places, features: features, rows: rows, sums: sums)
        return zip(queries, texts).map { query, text in
            standardised(Self.difficulty(Self.sum(outcomes.entries(query), weights), text: text))
        }
    }

    /// By row: what its text says of the references; of a prompt that was smoothed over, at its place, without itself.
    private static func texts(
        _ smoothing: ReferenceSmoothing?, places: [Int?], features: FeatureMatrix, rows: [Int],
        sums: [Double]? = nil
    ) throws(KernelError) -> [Double] {
        guard let smoothing else { return Array(repeating: 0, count: rows.count) }
        let asked = places.indices.filter { places[$0] == nil }
        var texts = places.map { place in place.map { smoothing.leftOut[$0] } ?? 0 }
        let values = try smoothing.values(
            features, rows: asked.map { rows[$0] }, sums: sums.map { sums in asked.map { sums[$0] } })
        for (row, value) in zip(asked, values) { texts[row] = value }
        return texts
    }

    /// Weighted sum of residuals, and what it counts for.
    private struct Sum {
        var sum = 0.0
        var count = 0.0
    }

    private static func sum(_ entries: [ReferenceOutcomes.Entry], _ weights: [Double]) -> Sum {
        var result = Sum()
        for entry in entries {
            let weight = weights[entry.reference] * entry.information
            result.sum += weight * entry.residual
            result.count += abs(weight)
        }
        return result
    }

    private static func difficulty(_ sum: Sum, text: Double) -> Double {
        (sum.sum + textWeight * text) / (sum.count + textWeight)
    }

    private func standardised(_ difficulty: Double) -> Double {
        min(Self.limit, max(-Self.limit, (difficulty - mean) / deviation))
    }
}
