internal import PredictionMetrics

/// Compares series on the same visits and random numbers, with the standard errors of their differences.
package struct ReplayComparison {
    let tally: ReplayTally
    let stratum: ReplayStratum

    package init(tally: ReplayTally, stratum: ReplayStratum) {
        self.tally = tally
        self.stratum = stratum
    }

    /// Value of a rollout divided by that of another series' rollout, − 1. `nil` where the other's have no value.
    package func gain(_ series: ReplaySeries, over uniform: ReplaySeries = .uniform) -> ReplayFigure? {
        func gain(_ sums: [ReplayTally.Sums]) -> Double? {
            guard sums[1].worth > 0, sums[0].spent > 0 else { return nil }
            return sums[0].worth / Double(sums[0].spent) / (sums[1].worth / Double(sums[1].spent)) - 1
        }
        guard let value = gain(totals([series, uniform])) else { return nil }
        let (mine, other) = (clusters(series), clusters(uniform))
        let (worth, spent) = (mine.worth.reduce(0, +), mine.spent.reduce(0, +))
        let (otherWorth, otherSpent) = (other.worth.reduce(0, +), other.spent.reduce(0, +))
        // Where both spend the same by construction, the cost adds no variance.
        let isEven = spent == otherSpent
        // The ratio's relative error, to first order, is the mean of the prompts' influences on it.
        let influences = mine.worth.indices.map { index in
            let cost = isEven ? 0 : mine.spent[index] / spent - other.spent[index] / otherSpent
            return mine.worth[index] / max(worth, .leastNormalMagnitude) - other.worth[index] / otherWorth - cost
        }
        return figure(
            value, bySeed: perSeed([series, uniform], gain),
            promptError: Self.error(influences, visited(other)).map { $0 * (1 + value) })
    }

    /// (value − uniform)/(oracle − uniform), for plans that spend as much as both. `nil` where the oracle gains
    /// nothing.
    package func share(_ series: ReplaySeries) -> ReplayFigure? {
        let all = [series, ReplaySeries.uniform, .oracle]
        func share(_ sums: [ReplayTally.Sums]) -> Double? {
            guard sums[2].worth > sums[1].worth * (1 + 1e-9) else { return nil }
            return (sums[0].worth - sums[1].worth) / (sums[2].worth - sums[1].worth)
        }
        guard let value = share(totals(all)) else { return nil }
        let parts = all.map { clusters($0) }
        let (uniform, oracle) = (parts[1], parts[2])
        let room = oracle.worth.reduce(0, +) - uniform.worth.reduce(0, +)
        let influences = uniform.worth.indices.map { index in
            let base = uniform.worth[index]
            return (parts[0].worth[index] - base - value * (oracle.worth[index] - base)) / room
        }
        return figure(
            value, bySeed: perSeed(all, share), promptError: Self.error(influences, visited(uniform)))
    }

    private func figure(_ value: Double, bySeed: [Double], promptError: Double?) -> ReplayFigure {
        ReplayFigure(
            value: value, seedError: MeanEstimate(bySeed)?.standardError, promptError: promptError)
    }

    private func totals(_ series: [ReplaySeries]) -> [ReplayTally.Sums] {
        series.map { series in
            let key = ReplayTally.Key(stratum: stratum, series: series)
            var total = ReplayTally.Sums()
            for seed in tally.seeds {
                guard let sums = seed[key] else { continue }
                total.worth += sums.worth
                total.spent += sums.spent
            }
            return total
        }
    }

    private func perSeed(
        _ series: [ReplaySeries], _ figure: ([ReplayTally.Sums]) -> Double?
    ) -> [Double] {
        tally.seeds.compactMap { seed in
            let sums = series.compactMap { seed[ReplayTally.Key(stratum: stratum, series: $0)] }
            return sums.count == series.count ? figure(sums) : nil
        }
    }

    private func clusters(_ series: ReplaySeries) -> ReplayTally.ByPrompt {
        tally.byPrompt[ReplayTally.Key(stratum: stratum, series: series)] ?? .init(worth: [], spent: [])
    }

    private func visited(_ sums: ReplayTally.ByPrompt) -> Int { sums.spent.count { $0 > 0 } }

    /// Standard error from the prompts' influences, which sum to 0: √(N/(N − 1)·Σe²) over N prompts.
    private static func error(_ influences: [Double], _ prompts: Int) -> Double? {
        guard prompts > 1 else { return nil }
        let squares = influences.reduce(0) { $0 + $1 * $1 }
        return (squares * Double(prompts) / Double(prompts - 1)).squareRoot()
    }
}
