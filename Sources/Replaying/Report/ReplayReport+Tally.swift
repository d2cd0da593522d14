internal import Planning
internal import Scoring

// Builds a report's sources and parts from what a study tallied.

extension ReplayReport.Source {
    init(
        _ log: ReplayLog, _ schedule: ReplaySchedule, _ tally: ReplayTally, withoutReferences: Int,
        options: ReplayOptions
    ) throws(ReplayError) {
        source = log.name
        mode = schedule.mode
        policies = Set(schedule.versions.map(\.policy.id)).count
        versions = schedule.versions.count
        prompts = Set(schedule.visits.map { log.rows[$0.row].prompt }).count
        visits = schedule.visits.count
        (withoutRecord, withoutLater) = (schedule.withoutRecord, schedule.withoutLater)
        self.withoutReferences = withoutReferences
        truth = schedule.truth
        let rollouts = schedule.visits.map(\.rollouts)
        truthRollouts = [rollouts.min() ?? 0, rollouts.max() ?? 0]
        let strata = tally.strata.map { ReplayReport.Part($0, tally, seeds: options.seeds) }
        // If all prompts of a kind are held out, the two kinds are equal and one is omitted.
        parts = strata.filter { part in
            guard part.stratum.isHeldOut else { return true }
            let all = strata.first { $0.stratum.visit == part.stratum.visit && !$0.stratum.isHeldOut }
            return all?.line(.uniform, .none)?.groups != part.line(.uniform, .none)?.groups
        }
        let steps = schedule.versions.flatMap { schedule.steps(of: $0, seed: 0, prompts: options.stepPrompts) }
        do {
            knownRates = try KnownRates(
                source: log.name, steps: steps.map { $0.visits.map { schedule.visits[$0].rate } })
        } catch {
            throw .planning(source: log.name, error)
        }
    }
}

extension ReplayReport.Part {
    init(_ stratum: ReplayStratum, _ tally: ReplayTally, seeds: Int) {
        self.stratum = stratum
        let comparison = ReplayComparison(tally: tally, stratum: stratum)
        let mean = { (values: [Double]) in values.reduce(0, +) / Double(seeds) }
        var lines: [ReplayReport.Line] = []
        for policy in AllocationStrategy.allCases {
            // On a first visit there is no record, and the lines would equal the model's.
            for belief in ReplayBelief.allCases where belief != .record || stratum.visit != 1 {
                let series = ReplaySeries(policy: policy, belief: belief)
                let sums = tally.seeds.compactMap { $0[.init(stratum: stratum, series: series)] }
                guard !sums.isEmpty else { continue }
                let spent = mean(sums.map { Double($0.spent) })
                let groups = mean(sums.map { Double($0.groups) })
                let signals = mean(sums.map { Double($0.signalGroups) })
                let responses = sums.compactMap(\.responseTokens)
                let costs = sums.compactMap(\.cost)
                lines.append(
                    ReplayReport.Line(
                        policy: policy, belief: belief, groups: groups, spent: spent, signalGroups: signals,
                        silentGroups: groups - signals, utility: mean(sums.map(\.worth)),
                        realised: mean(sums.map(\.realised)), gain: comparison.gain(series),
                        gainOverBlind: policy == .ours && belief != .blind
                            ? comparison.gain(series, over: .blind) : nil,
                        share: policy == .dapoFilter ? nil : comparison.share(series),
                        promptTokens: mean(sums.map(\.promptTokens)),
                        responseTokens: responses.count == sums.count ? mean(responses) : nil,
                        cost: costs.count == sums.count ? mean(costs) : nil,
                        beyondLog: mean(sums.map { Double($0.beyond) }) / max(spent, 1)))
            }
        }
        self.lines = lines
    }
}
