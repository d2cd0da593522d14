package import Planning

/// A policy and what it planned from.
package struct ReplaySeries: Hashable {
    let policy: AllocationStrategy
    let belief: ReplayBelief

    package init(policy: AllocationStrategy, belief: ReplayBelief) {
        self.policy = policy
        self.belief = belief
    }
}

/// What a policy planned from.
public enum ReplayBelief: String, CaseIterable, Codable, Sendable {
    /// Nothing: it does not ask.
    case none
    /// One belief for all prompts: how the rates that are known spread. What unequal groups are worth by themselves,
    /// whoever gets the large ones.
    case blind
    /// The model's prediction from a context of other prompts.
    case model
    /// That, joined with the prompt's own earlier outcomes.
    case record
    /// What the rollouts really come to.
    case truth
}

/// A group as it counts in the report.
package struct TalliedGroup {
    /// The prompt's place in the log: what is one draw of chance, however often it was visited.
    let prompt: Int
    let group: ReplayGroup
    /// Rollouts beyond those that are logged.
    let beyond: Int
    let promptTokens: Double
    let responseTokens: Double?
    let cost: Double?

    package init(
        prompt: Int, group: ReplayGroup, beyond: Int, promptTokens: Double, responseTokens: Double?, cost: Double?
    ) {
        self.prompt = prompt
        self.group = group
        self.beyond = beyond
        self.promptTokens = promptTokens
        self.responseTokens = responseTokens
        self.cost = cost
    }
}

/// What series came to, by kind of visits, seed and prompt.
package struct ReplayTally {
    struct Key: Hashable {
        let stratum: ReplayStratum
        let series: ReplaySeries
    }

    /// Sums over groups.
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
            // One group of which it is not known, and the sum is not known.
            responseTokens = responseTokens.flatMap { sum in group.responseTokens.map { sum + $0 } }
            cost = cost.flatMap { sum in group.cost.map { sum + $0 } }
        }
    }

    /// Sums over all seeds, by prompt.
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

    /// Kinds of visits, in order.
    var strata: [ReplayStratum] { Set(byPrompt.keys.map(\.stratum)).sorted() }

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
