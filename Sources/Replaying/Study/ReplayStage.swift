internal import Planning
internal import Scoring

/// Plays one step under every policy.
struct ReplayStage {
    let log: ReplayLog
    let schedule: ReplaySchedule
    let options: ReplayOptions

    func play(
        _ step: (visits: [Int], pool: [Int]), of version: ReplaySchedule.Version, _ beliefs: [Int: Belief], seed: Int,
        into tally: inout ReplayTally
    ) throws(PlanningError) {
        let visits = step.visits.map { schedule.visits[$0] }
        var (alone, fused): ([ReplayPrompt], [ReplayPrompt]) = ([], [])
        for (place, visit) in zip(step.visits, visits) {
            guard let belief = beliefs[place] else { preconditionFailure("ReplayStage: a visit without a belief") }
            alone.append(prompt(visit.row, belief, visit.truth))
            fused.append(prompt(visit.row, try belief.fused(with: visit.record, decay: options.decay), visit.truth))
        }
        let blind = visits.map { prompt($0.row, version.spread, $0.truth) }
        // Whatever is believed of the pool: who draws from it does not ask.
        let others = step.pool.map { schedule.visits[$0] }
        let pool = try others.map { (visit) throws(PlanningError) in
            prompt(visit.row, try Belief(mean: 0.5, promptID: "pool"), visit.truth)
        }
        let byID = Dictionary((visits + others).map { (log.prompts[log.rows[$0.row].prompt].id, $0) }) { first, _ in
            first
        }
        // The same luck for every policy and belief, another for every version and seed.
        let luck = SeededGenerator.mixed(
            UInt64(seed) << 32 ^ UInt64(bitPattern: Int64(version.policy.version ?? 0)))
        let replay = Replay(request: options.request(prompts: visits.count), seed: luck)
        let hasRecords = schedule.mode == .steps
        for policy in AllocationStrategy.allCases {
            let plays: [(belief: ReplayBelief, prompts: [ReplayPrompt])] =
                switch policy {
                case .uniform, .dapoFilter: [(.none, alone)]
                case .oracle: [(.truth, alone)]
                case .ours:
                    [(.blind, blind), (.model, alone)] + (hasRecords ? [(.record, fused)] : [])
                default: hasRecords ? [(.model, alone), (.record, fused)] : [(.model, alone)]
                }
            for play in plays {
                let groups: [ReplayGroup]
                if play.belief == .blind {
                    // Equal beliefs are told apart by prompt ids, and ids by family: who comes first by seed gets most.
                    let sizes = try replay.budgets(policy, play.prompts).sorted(by: >)
                    groups = try replay.groups(budgets: sizes, on: play.prompts)
                } else {
                    groups = try replay.groups(policy, on: play.prompts, pool: policy == .dapoFilter ? pool : [])
                }
                tally.add(
                    groups.map { tallied($0, byID[$0.promptID] ?? visits[0]) },
                    of: ReplaySeries(policy: policy, belief: play.belief), to: visits[0].strata, seed: seed)
            }
        }
    }

    private func prompt(_ row: Int, _ belief: Belief, _ truth: ReplayTruth) -> ReplayPrompt {
        ReplayPrompt(promptID: log.prompts[log.rows[row].prompt].id, belief: belief, truth: truth)
    }

    private func tallied(_ group: ReplayGroup, _ visit: ReplayVisit) -> TalliedGroup {
        let logged = log.rows[visit.row]
        let n = Double(group.n)
        // The trainer's own tokenizer is not known here.
        let tokens = TokenEstimate.roundedUp(bytes: log.prompts[logged.prompt].text.utf8.count)
        return TalliedGroup(
            prompt: logged.prompt, group: group, beyond: max(0, group.n - visit.rollouts),
            promptTokens: n * Double(tokens), responseTokens: logged.responseTokens.map { n * $0 },
            cost: logged.cost.map { n * $0 })
    }
}
