internal import Planning
internal import ReferenceDraws
internal import Scoring

/// Replays one step under every strategy, and adds the results to a tally.
struct StepReplay {
    let log: ReplayLog
    let schedule: ReplaySchedule
    let options: ReplayOptions

    /// Replays a step of a version. `beliefs` are by visit. Throws the errors of planning.
    func run(
        _ step: (visits: [Int], pool: [Int]), of version: ReplaySchedule.Version, _ beliefs: [Int: Belief], seed: Int,
        into tally: inout ReplayTally
    ) throws(PlanningError) {
        let visits = step.visits.map { schedule.visits[$0] }
        var (alone, fused): ([ReplayPrompt], [ReplayPrompt]) = ([], [])
        for (place, visit) in zip(step.visits, visits) {
            guard let belief = beliefs[place] else { preconditionFailure("StepReplay: a visit without a belief") }
            alone.append(prompt(visit.row, belief, visit.truth))
            let known = try belief.fused(with: visit.record, decay: options.decay)
            fused.append(prompt(visit.row, known, visit.truth, known == belief ? .model : .record))
        }
        let blind = visits.map { prompt($0.row, version.spread, $0.truth) }
        // The strategy that draws from the pool ignores beliefs, so any belief will do.
        let others = step.pool.map { schedule.visits[$0] }
        let pool = try others.map { (visit) throws(PlanningError) in
            prompt(visit.row, try Belief(mean: 0.5, promptID: "pool"), visit.truth)
        }
        let byID = Dictionary((visits + others).map { (log.prompts[log.rows[$0.row].prompt].id, $0) }) { first, _ in
            first
        }
        // The same random numbers for every strategy and belief, others for every version and seed.
        let outcomeSeed = SeededGenerator.mixed(
            UInt64(seed) << 32 ^ UInt64(bitPattern: Int64(version.policy.version ?? 0)))
        let replay = Replay(request: options.request(prompts: visits.count), seed: outcomeSeed)
        var hasRecords = schedule.mode == .steps
        if case .earlier = options.references { hasRecords = false }
        for policy in AllocationStrategy.allCases {
            let runs: [(belief: ReplayBelief, prompts: [ReplayPrompt])] =
                switch policy {
                case .uniform, .dapoFilter: [(.none, alone)]
                case .oracle: [(.truth, alone)]
                case .ours:
                    [(.blind, blind), (.model, alone)] + (hasRecords ? [(.record, fused)] : [])
                default: hasRecords ? [(.model, alone), (.record, fused)] : [(.model, alone)]
                }
            for run in runs {
                let groups: [ReplayGroup]
                if run.belief == .blind {
                    // Plans break ties between equal beliefs by prompt id, and ids are often sorted by kind. So the
                    // largest budgets go to the prompts that come first in the seed's order.
                    let sizes = try replay.budgets(policy, run.prompts).sorted(by: >)
                    groups = try replay.groups(budgets: sizes, on: run.prompts)
                } else {
                    groups = try replay.groups(policy, on: run.prompts, pool: policy == .dapoFilter ? pool : [])
                }
                tally.add(
                    groups.map { tallied($0, byID[$0.promptID] ?? visits[0]) },
                    of: ReplaySeries(policy: policy, belief: run.belief), to: visits[0].strata, seed: seed)
            }
        }
    }

    private func prompt(
        _ row: Int, _ belief: Belief, _ truth: ReplayTruth, _ source: BudgetSource = .model
    ) -> ReplayPrompt {
        ReplayPrompt(promptID: log.prompts[log.rows[row].prompt].id, belief: belief, source: source, truth: truth)
    }

    private func tallied(_ group: ReplayGroup, _ visit: ReplayVisit) -> TalliedGroup {
        let logged = log.rows[visit.row]
        let n = Double(group.n)
        // The trainer's own tokenizer is not available here.
        let tokens = TokenEstimate.roundedUp(bytes: log.prompts[logged.prompt].text.utf8.count)
        return TalliedGroup(
            prompt: logged.prompt, group: group, beyond: max(0, group.n - visit.rollouts),
            promptTokens: n * Double(tokens), responseTokens: logged.responseTokens.map { n * $0 },
            cost: logged.cost.map { n * $0 })
    }
}
