internal import Planning

/// Adds up plans by rollouts and by tokens, by seed and prompt.
struct TokenTally {
    /// Totals of one kind of plan.
    struct Sums {
        var utility = 0.0
        var tokens = 0.0
        var rollouts = 0.0
    }

    private var seeds: [(counts: Sums, tokens: Sums)]
    /// By prompt: difference of utility over all seeds.
    private var differences: [Int: Double] = [:]

    init(seeds: Int) {
        self.seeds = Array(repeating: (Sums(), Sums()), count: seeds)
    }

    /// Adds one prompt's budgets under both plans.
    mutating func add(prompt: Int, seed: Int, counts: Sums, tokens: Sums) {
        Self.add(counts, to: &seeds[seed].counts)
        Self.add(tokens, to: &seeds[seed].tokens)
        differences[prompt, default: 0] += tokens.utility - counts.utility
    }

    private static func add(_ more: Sums, to sums: inout Sums) {
        sums.utility += more.utility
        sums.tokens += more.tokens
        sums.rollouts += more.rollouts
    }

    /// The comparison; `nil` where nothing was added.
    func comparison(_ lengths: TokenComparison.Lengths) -> TokenComparison? {
        let count = Double(seeds.count)
        let total = seeds.reduce(into: (counts: Sums(), tokens: Sums())) { sums, seed in
            Self.add(seed.counts, to: &sums.counts)
            Self.add(seed.tokens, to: &sums.tokens)
        }
        guard total.counts.utility > 0 else { return nil }
        let bySeed = seeds.map { $0.tokens.utility - $0.counts.utility }
        // Prompts are the sample: their number is random too, so the spread is around 0, not around their mean.
        let prompts = Double(differences.count)
        let mean = differences.values.reduce(0, +) / prompts
        let spread = differences.values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, prompts - 1)
        let overPrompts = (spread * prompts).squareRoot() / total.counts.utility
        let overSeeds = Self.deviation(bySeed) * count.squareRoot() / total.counts.utility
        return TokenComparison(
            lengths: lengths, utility: total.counts.utility / count, tokenUtility: total.tokens.utility / count,
            tokens: total.counts.tokens / count, tokensOfTokenPlans: total.tokens.tokens / count,
            rollouts: total.counts.rollouts / count, tokenRollouts: total.tokens.rollouts / count,
            gain: ReplayFigure(
                value: total.tokens.utility / total.counts.utility - 1, seedError: seeds.count > 1 ? overSeeds : nil,
                promptError: overPrompts))
    }

    private static func deviation(_ values: [Double]) -> Double {
        guard values.count > 1 else { return 0 }
        let mean = values.reduce(0, +) / Double(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }
}
