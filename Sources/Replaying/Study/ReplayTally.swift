/// Totals of each series, by kind of visits, seed and prompt.
package struct ReplayTally {
    struct Key: Hashable {
        let stratum: ReplayStratum
        let series: ReplaySeries
    }

    /// Totals over groups.
    struct Sums {
        var groups = 0
        var spent = 0
        var signalGroups = 0
        var beyond = 0
        var realised = 0.0
        var worth = 0.0
        var promptTokens = 0.0
        var responseTokens: Double? = 0
        var cost: Double? = 0

        mutating func add(_ group: TalliedGroup) {
            groups += 1
            spent += group.group.n
            signalGroups += group.group.hasSignal ? 1 : 0
            beyond += group.beyond
            realised += group.group.realised
            worth += group.group.expected
            promptTokens += group.promptTokens
            // The sum is unknown if it is unknown for one group.
            responseTokens = responseTokens.flatMap { sum in group.responseTokens.map { sum + $0 } }
            cost = cost.flatMap { sum in group.cost.map { sum + $0 } }
        }
    }

    /// Totals over all seeds, by prompt.
    struct ByPrompt {
        var worth: [Double]
        var spent: [Double]
    }

    private let prompts: Int
    private(set) var seeds: [[Key: Sums]]
    private(set) var byPrompt: [Key: ByPrompt] = [:]

    package init(prompts: Int, seeds: Int) {
        self.prompts = prompts
        self.seeds = Array(repeating: [:], count: seeds)
    }

    /// Whether no group was added.
    var isEmpty: Bool { byPrompt.isEmpty }

    /// Kinds of visits, in order.
    var strata: [ReplayStratum] { Set(byPrompt.keys.map(\.stratum)).sorted() }

    /// Adds the groups of a series at a seed to each of some kinds of visits.
    package mutating func add(_ groups: [TalliedGroup], of series: ReplaySeries, to strata: [ReplayStratum], seed: Int)
    {
        for stratum in strata {
            let key = Key(stratum: stratum, series: series)
            for group in groups { seeds[seed][key, default: Sums()].add(group) }
            let empty = [Double](repeating: 0, count: prompts)
            var sums = byPrompt.removeValue(forKey: key) ?? ByPrompt(worth: empty, spent: empty)
            for group in groups {
                sums.worth[group.prompt] += group.group.expected
                sums.spent[group.prompt] += Double(group.group.n)
            }
            byPrompt[key] = sums
        }
    }
}
