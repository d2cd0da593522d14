import OrderedCollections
import Planning
import Scoring
import Wire

// Outcomes: trainers report rollouts, which join the policy's history and complete the groups of plans.

extension PlannerState {
    /// Records a trainer's report and answers it: how many outcomes count, which are duplicates, which are rejected,
    /// and the decisions on groups. A large report is recorded in several turns, and answered after the last one.
    mutating func record(_ report: ReportOutcomes, from peer: Peer, _ actions: inout [Action]) {
        do throws(RequestFault) {
            try report.check()
        } catch {
            let subject = RequestRefused.Subject.request(report.request)
            return send(.requestRefused(RequestRefused(subject, .invalid, message: "\(error)")), to: peer, &actions)
        }
        recordUse(of: report.policyID)
        var progress = ReportInProgress(report, from: peer, texts: Self.texts(report.outcomes))
        guard pending.isEmpty, record(&progress, &actions) else {
            pending.append(.report(progress))
            return
        }
    }

    /// Records the next outcomes of a report. Returns whether it is whole, and answered.
    mutating func record(_ progress: inout ReportInProgress, _ actions: inout [Action]) -> Bool {
        let report = progress.report
        var recorded: [RecordedOutcome] = []
        var groups: [(index: Int, plan: PlanName, GroupReport)] = []
        let (duplicates, rejected) = (progress.answer.duplicates, progress.answer.rejected.count)
        /// Rollouts that this part adds to groups.
        var more: [GroupKey: Int] = [:]
        let latest = report.rewards ?? latestRewardRange(of: report.policyID)
        for index in progress.nextPart(configuration.turnOutcomesMax) {
            let outcome = report.outcomes[index]
            guard progress.seen.insert(outcome.eventID).inserted else {
                progress.answer.duplicates += 1
                continue
            }
            if histories[report.policyID]?.contains(eventID: outcome.eventID) == true {
                progress.answer.duplicates += 1
                // A generation that ended between the two entries recorded the outcome in the history and not in its
                // group.
                if let (plan, group) = try? group(of: outcome, policyID: report.policyID, &more),
                    sessions[plan]?.groups[group.index].events[outcome.eventID] == nil
                {
                    groups.append((index, plan, group))
                } else {
                    decide(again: outcome, index, of: report.policyID, &progress.answer)
                }
                continue
            }
            do throws(OutcomeFault) {
                try checkAttempt(of: outcome, report.policyID, attempt: report.attempt)
                let plan = outcome.step.flatMap { sessions[PlanName(policyID: report.policyID, step: $0)] }
                let range = report.rewards ?? plan?.request.rewards ?? latest
                let known = try check(outcome, texts: progress.texts, of: report.policyID, rewards: range)
                if let (plan, group) = try group(of: outcome, policyID: report.policyID, &more) {
                    if sessions[plan]?.groups[group.index].isDone == true {
                        // It counts for the history only; the group is done.
                        let done = sessions[plan]?.done(of: group.index)
                        progress.answer.decisions.append(
                            OutcomesRecorded.Decision(index: index, draw: 0, done: done))
                    } else {
                        groups.append((index, plan, group))
                    }
                }
                recorded.append(known)
                progress.answer.accepted += 1
            } catch {
                progress.answer.rejected.append(
                    OutcomesRecorded.Rejected(
                        index: index, eventID: outcome.eventID, code: error.code, message: error.message))
            }
        }
        counts.outcomesRepeated += progress.answer.duplicates - duplicates
        counts.outcomesRejected += progress.answer.rejected.count - rejected
        keep(recorded, of: report.policyID, &actions)
        for (index, plan, group) in groups { settle(group, of: plan, outcome: index, &progress.answer, &actions) }
        guard progress.isWhole else { return false }
        answer(progress, &actions)
        return true
    }

    private func answer(_ progress: ReportInProgress, _ actions: inout [Action]) {
        let report = progress.report
        var answer = progress.answer
        // A group is sent once, however many of its outcomes were reported.
        var done: Set<GroupKey> = []
        for (place, decision) in answer.decisions.enumerated() {
            guard let group = decision.done, let step = report.outcomes[decision.index].step else { continue }
            let plan = PlanName(policyID: report.policyID, step: step)
            let key = GroupKey(plan: plan, opening: sessions.openings[plan] ?? 0, index: group.index)
            if !done.insert(key).inserted { answer.decisions[place].done = nil }
        }
        let isLocal = trainers[progress.peer]?.isLocal == true
        for part in isLocal ? [answer] : answer.parts { send(.outcomesRecorded(part), to: progress.peer, &actions) }
    }

    /// Records the next outcomes of a plan's request. Rejected ones become warnings of the plan. Returns whether all are
    /// recorded.
    mutating func record(_ progress: inout RequestInProgress, _ actions: inout [Action]) -> Bool {
        let request = progress.request
        let policyID = request.plan.policyID
        var recorded: [RecordedOutcome] = []
        var rejected = 0
        for index in progress.nextPart(configuration.turnOutcomesMax) {
            let outcome = progress.outcomes[index]
            let isKnown = histories[policyID]?.contains(eventID: outcome.eventID) == true
            guard !isKnown, progress.seen.insert(outcome.eventID).inserted else {
                counts.outcomesRepeated += 1
                continue
            }
            do throws(OutcomeFault) {
                try checkAttempt(of: outcome, policyID, attempt: request.attempt)
                recorded.append(try check(outcome, texts: progress.texts, of: policyID, rewards: request.rewards))
            } catch {
                rejected += 1
                if progress.warnings.count < Self.warningsMax {
                    progress.warnings.append("outcome \(outcome.eventID): \(error.message)")
                }
            }
        }
        counts.outcomesRejected += rejected
        progress.rejected += rejected
        keep(recorded, of: policyID, &actions)
        guard progress.isWhole else { return false }
        if progress.rejected > 0 { progress.warnings.append("\(progress.rejected) outcomes were not recorded") }
        return true
    }

    /// Rejected outcomes that get a warning each.
    private static let warningsMax = 10

    /// Makes outcomes durable and part of the history.
    mutating func keep(_ outcomes: [RecordedOutcome], of policyID: String, _ actions: inout [Action]) {
        let outcomes = outcomes.filter { histories[policyID]?.contains(eventID: $0.eventID) != true }
        guard !outcomes.isEmpty else { return }
        actions.append(.journal(.outcomesRecorded(policyID: policyID, outcomes)))
        counts.outcomesRecorded += outcomes.count
        var named: [NamedText] = []
        for outcome in outcomes {
            counts.rolloutsRecorded += outcome.n
            counts.rolloutsFailed += outcome.failed
            if remember(outcome, of: policyID) {
                named.append(NamedText(promptID: outcome.promptID, text: outcome.text))
            }
        }
        recordUse(of: policyID)
        journal(named, of: policyID, &actions)
        keepWithinBounds(policyID, &actions)
    }

    /// Texts by prompt: one outcome with a text is enough for all outcomes of its prompt. None where each has its own.
    static func texts(_ outcomes: [GroupOutcome]) -> [String: String] {
        guard outcomes.contains(where: \.text.isEmpty) else { return [:] }
        return
            Dictionary(outcomes.lazy.filter { !$0.text.isEmpty }.map { ($0.promptID, $0.text) }) { $1 }
    }

    /// Why an outcome is rejected.
    struct OutcomeFault: Error {
        let code: String
        let message: String
    }

    /// Throws where the outcome is of a step that the trainer has abandoned.
    private func checkAttempt(
        of outcome: GroupOutcome, _ policyID: String, attempt: UInt64
    ) throws(OutcomeFault) {
        guard isAbandoned(outcome, of: policyID, attempt: attempt) else { return }
        let step = outcome.step ?? outcome.policyVersion ?? 0
        throw OutcomeFault(
            code: Code.abandoned,
            message:
                "step \(step) was abandoned: the trainer went back, and this outcome is of the time before; drop it")
    }

    /// The range of rewards that a report does not state, of an outcome without a plan: that of the policy's latest plan.
    private func latestRewardRange(of policyID: String) -> ClosedRange<Double> {
        sessions.plans(of: policyID).names.last.flatMap { sessions[$0]?.request.rewards } ?? 0...1
    }

    /// An outcome as it is kept: its reward scaled to [0, 1], with its text and version.
    private func check(
        _ outcome: GroupOutcome, texts: [String: String], of policyID: String, rewards range: ClosedRange<Double>
    ) throws(OutcomeFault) -> RecordedOutcome {
        guard !outcome.eventID.isEmpty else {
            throw OutcomeFault(code: "no_event_id", message: "event_id is empty; an outcome needs one, to count once")
        }
        guard !outcome.promptID.isEmpty else {
            throw OutcomeFault(code: "no_prompt_id", message: "prompt_id is empty")
        }
        for version in [outcome.policyVersion ?? 0, outcome.step ?? 0] where !PlanLimits.steps.contains(version) {
            throw OutcomeFault(
                code: "version_out_of_range",
                message: "version or step \(version) must be in 0…\(PlanLimits.steps.upperBound)")
        }
        let history = histories[policyID]
        let known = outcome.text.isEmpty ? texts[outcome.promptID] ?? history?.text(of: outcome.promptID) : outcome.text
        guard let text = known else {
            throw OutcomeFault(
                code: "unknown_prompt",
                message: "prompt \(outcome.promptID) has no text and none was sent before; send it with the outcome")
        }
        if let index = outcome.rewards.firstIndex(where: \.isNaN) {
            throw OutcomeFault(
                code: "reward_missing",
                message: "reward \(index) is null or not a number; leave it out, and count its rollout in failed")
        }
        for reward in outcome.rewards where !range.contains(reward) {
            throw OutcomeFault(
                code: "reward_out_of_range",
                message:
                    "reward \(reward) is outside \(range.lowerBound)…\(range.upperBound); state the range, or correct it"
            )
        }
        guard outcome.rewards.count <= PlanLimits.groupRollouts.upperBound else {
            throw OutcomeFault(
                code: "too_many_rewards",
                message:
                    "\(outcome.rewards.count) rewards are more than \(PlanLimits.groupRollouts.upperBound); report them in parts"
            )
        }
        for count in [outcome.n, outcome.failed] where !PlanLimits.counts.contains(count) {
            throw OutcomeFault(code: "count_out_of_range", message: "\(count) cannot be a number of rollouts")
        }
        let n = outcome.rewards.isEmpty ? outcome.n : outcome.rewards.count
        let mean = outcome.rewards.isEmpty ? outcome.mean : outcome.rewards.reduce(0, +) / Double(n)
        guard outcome.n == 0 || outcome.rewards.isEmpty || outcome.n == n else {
            throw OutcomeFault(code: "count_mismatch", message: "n is \(outcome.n), but there are \(n) rewards")
        }
        guard n + outcome.failed > 0 else {
            throw OutcomeFault(code: "no_rollouts", message: "neither rewards nor failed rollouts are reported")
        }
        // The mean of rewards within a range may be outside it by its last digit.
        guard n == 0 || !outcome.rewards.isEmpty || range.contains(mean) else {
            throw OutcomeFault(
                code: "reward_out_of_range",
                message: "mean reward \(mean) is outside \(range.lowerBound)…\(range.upperBound)")
        }
        let width = range.upperBound - range.lowerBound
        let reward = n > 0 ? min(1, max(0, (mean - range.lowerBound) / width)) : 0
        return RecordedOutcome(
            eventID: outcome.eventID, promptID: outcome.promptID, text: text,
            version: outcome.policyVersion ?? outcome.step ?? history?.latestVersion ?? 0, reward: reward, n: n,
            failed: outcome.failed, rewards: outcome.rewards, step: outcome.step, tokens: outcome.tokens)
    }

    // MARK: Groups

    /// The group of a plan that an outcome belongs to, if it names a step that is planned here.
    private func group(
        of outcome: GroupOutcome, policyID: String, _ more: inout [GroupKey: Int]
    ) throws(OutcomeFault) -> (PlanName, GroupReport)? {
        guard let step = outcome.step else { return nil }
        let plan = PlanName(policyID: policyID, step: step)
        guard let session = sessions[plan], let index = session.index(of: outcome.promptID) else { return nil }
        guard session.request.delivery == .trainer else {
            throw OutcomeFault(
                code: "not_yours",
                message: "rollout workers of this cluster roll out step \(step) and report it themselves")
        }
        guard outcome.n == 0 || !outcome.rewards.isEmpty else {
            throw OutcomeFault(
                code: "rewards_needed", message: "a group of a plan needs its rewards one by one, not their mean")
        }
        do {
            try session.check(outcome.rewards, promptID: outcome.promptID)
        } catch {
            throw OutcomeFault(code: "reward_out_of_range", message: "\(error)")
        }
        let group = session.groups[index]
        let key = GroupKey(plan: plan, opening: sessions.openings[plan] ?? 0, index: index)
        let rollouts = more[key, default: 0] + outcome.rewards.count + outcome.failed
        guard group.rewards.count + group.failed + rollouts <= PlanLimits.groupRollouts.upperBound else {
            throw OutcomeFault(
                code: "too_many_rewards",
                message:
                    "the group of \(outcome.promptID) would have more than \(PlanLimits.groupRollouts.upperBound) rollouts"
            )
        }
        more[key] = rollouts
        return (
            plan,
            GroupReport(
                index: index, eventID: outcome.eventID, rewards: outcome.rewards, failed: outcome.failed,
                references: [])
        )
    }

    private mutating func settle(
        _ report: GroupReport, of plan: PlanName, outcome index: Int, _ answer: inout OutcomesRecorded,
        _ actions: inout [Action]
    ) {
        // An event that the history has forgotten may still be in its group.
        guard let effects = sessions[plan]?.record(report) else { return }
        actions.append(.journal(.groupReported(plan, report)))
        answer.decisions.append(
            OutcomesRecorded.Decision(
                index: index, draw: effects.draws[report.index] ?? 0,
                done: effects.done.first { $0.index == report.index }))
        announce(effects, of: plan, &actions)
    }

    private func decide(
        again outcome: GroupOutcome, _ index: Int, of policyID: String, _ answer: inout OutcomesRecorded
    ) {
        guard let step = outcome.step, let session = sessions[PlanName(policyID: policyID, step: step)],
            let place = session.index(of: outcome.promptID), let draw = session.groups[place].events[outcome.eventID]
        else { return }
        answer.decisions.append(
            OutcomesRecorded.Decision(
                index: index, draw: draw, done: draw > 0 ? nil : session.done(of: place)))
    }
}
