import Scoring
import SwiftProtobuf

// Reads the messages of plans and rollouts from protobuf. Every number that later code relies on is checked here.

extension Message {
    /// The message of a body of plans and rollouts; `nil` for every other body.
    init?(plan body: ProtoEnvelope.OneOf_Body, raw: [RawFrame]) throws(WireError) {
        switch body {
        case .requestPlan(let request): self = .requestPlan(try RequestPlan(request, raw: raw))
        case .requestRefused(let refused): self = .requestRefused(try RequestRefused(refused))
        case .budgets(let budgets):
            var rows: [PlannedBudget] = []
            for budget in budgets.budgets { rows.append(try PlannedBudget(budget)) }
            self = .budgets(try PlanName(budgets.plan), rows)
        case .planEnd(let end): self = .planEnd(try PlanName(end.plan), try PlanEnd(end))
        case .followPlan(let follow):
            self = .followPlan(try PlanName(follow.plan), groupsAfter: Int(follow.groupsAfter))
        case .groupDone(let group): self = .groupDone(try PlanName(group.plan), try GroupDone(group))
        case .assignment(let assignment): self = .assignment(try Assignment(assignment, raw: raw))
        case .rewards(let rewards):
            self = .rewards(
                Rewards(
                    name: try AssignmentName(rewards.name), rewards: try rewards.rewards.finite("rewards"),
                    failed: Int(rewards.failed), references: rewards.references.map(\.reference),
                    tokens: Int(clamping: rewards.tokens)))
        case .rewardsRecorded(let recorded):
            self = .rewardsRecorded(
                RewardsRecorded(
                    name: try AssignmentName(recorded.name), verdict: try .init(recorded.verdict),
                    draw: Int(recorded.draw), message: recorded.message.label))
        case .assignmentReturned(let returned):
            self = .assignmentReturned(try AssignmentName(returned.name), try AssignmentReturn(returned.reason))
        case .reportOutcomes(let report):
            let texts = try Self.planTexts(raw, count: report.outcomes.count)
            self = .reportOutcomes(
                ReportOutcomes(
                    request: report.request, policyID: report.policy.label,
                    rewards: report.rewardLow == 0 && report.rewardHigh == 0
                        ? nil : try Self.rewardRange(report.rewardLow, report.rewardHigh), attempt: report.attempt,
                    outcomes: try [GroupOutcome](report.outcomes, texts: texts)))
        case .outcomesRecorded(let recorded): self = .outcomesRecorded(try OutcomesRecorded(recorded))
        case .requestScores(let request): self = .requestScores(try RequestScores(request, raw: raw))
        case .scores(let scores):
            let rows = try Self.checkedRows(scores.rows)
            guard scores.evidence.isEmpty || scores.evidence.count == rows else {
                throw .badField("evidence", found: "\(scores.evidence.count) for \(rows) rows")
            }
            self = .scores(
                Scores(
                    request: scores.request, context: try Digest(scores.context, field: "context"),
                    contextRows: Int(scores.contextRows), fingerprint: try ModelFingerprint(scores.fingerprint),
                    answers: try AnswerBlock(count: rows, bytes: raw[0]),
                    faults: try [RowFault](scores.errors, rows: rows), evidence: scores.evidence.map(Evidence.init)))
        case .dropPlans(let drop):
            let plan = try PlanName(.with { ($0.policy, $0.step) = (drop.policy, drop.fromStep) })
            self = .dropPlans(
                DropPlans(
                    request: drop.request, policyID: plan.policyID, fromStep: plan.step, attempt: drop.attempt,
                    keepsOutcomes: drop.keepOutcomes))
        case .plansDropped(let dropped):
            self = .plansDropped(
                PlansDropped(
                    request: dropped.request, plans: Int(dropped.plans), groups: Int(dropped.groups),
                    outcomes: Int(dropped.outcomes), attempt: dropped.attempt))
        default: return nil
        }
    }

    /// Texts of a request; an empty one where the coordinator knows it.
    static func planTexts(_ raw: [RawFrame], count: Int) throws(WireError) -> [String] {
        var texts: [String] = []
        for (row, text) in try TextBlock(count: count, lengthsFrame: raw[0], bytes: raw[1]).texts.enumerated() {
            guard let text else { throw .badField("texts", found: "row \(row) is not UTF-8") }
            texts.append(text)
        }
        return texts
    }

    static func rewardRange(_ low: Double, _ high: Double) throws(WireError) -> ClosedRange<Double> {
        guard low.isFinite, high.isFinite, low < high, (high - low).isFinite else {
            throw .badField("reward_low, reward_high", found: "\(low), \(high)")
        }
        return low...high
    }
}

extension [Double] {
    /// Throws `badField` unless all are numbers.
    func finite(_ field: String) throws(WireError) -> [Double] {
        if let bad = first(where: { !$0.isFinite }) { throw .badField(field, found: "\(bad)") }
        return self
    }
}

extension PlanName {
    init(_ proto: ProtoPlanName) throws(WireError) {
        guard proto.step >= 0 else { throw .badField("step", found: String(proto.step)) }
        self.init(policyID: proto.policy.label, step: Int(proto.step))
    }
}

extension RequestPlan {
    init(_ proto: ProtoRequestPlan, raw: [RawFrame]) throws(WireError) {
        let texts = try Message.planTexts(raw, count: proto.candidates.count + proto.outcomes.count)
        var candidates: [PlanCandidate] = []
        candidates.reserveCapacity(proto.candidates.count)
        for (candidate, text) in zip(proto.candidates, texts) {
            candidates.append(
                PlanCandidate(
                    promptID: candidate.promptID.label, text: text,
                    minimum: candidate.hasNMin ? Int(candidate.nMin) : nil,
                    maximum: candidate.hasNMax ? Int(candidate.nMax) : nil,
                    covariates: try [Covariate](candidate.covariates),
                    references: try [NamedOutcome](candidate.references),
                    expectedTokens: candidate.hasExpectedTokens
                        ? try [candidate.expectedTokens].finite("expected_tokens")[0] : nil,
                    tokensMax: candidate.tokensMax > 0 ? Int(clamping: candidate.tokensMax) : nil))
        }
        self.init(plan: try PlanName(proto.plan), total: Int(proto.total), candidates: candidates)
        policyVersion = proto.hasPolicyVersion ? Int(proto.policyVersion) : nil
        reserve = Int(proto.reserve)
        minimum = Int(proto.nMin)
        maximum = Int(proto.nMax)
        multipleOf = Int(proto.multipleOf)
        groupSizes = proto.groupSizes.map(Int.init)
        guard let objective = BudgetObjective(rawValue: proto.objective) else {
            throw .badField("objective", found: proto.objective.cut(to: Limits.codeBytesMax))
        }
        self.objective = objective
        _ = try [proto.explore, proto.recordDecay, proto.groupSurvival, proto.lookAhead]
            .finite("explore, record_decay, group_survival, look_ahead")
        explore = proto.explore
        deadline = try .milliseconds(proto.deadlineMs, field: "deadline_ms")
        fallback = try Fallback(proto.fallback)
        mode = try Mode(proto.mode)
        delivery = try Delivery(proto.delivery)
        context = try ContextChoice(proto.context)
        recordDecay = proto.recordDecay
        rewards = try Message.rewardRange(proto.rewardLow, proto.rewardHigh)
        raisesFloors = proto.failureFloor
        groupSurvival = proto.groupSurvival
        lookAhead = proto.lookAhead
        lookAheadMost = Int(proto.lookAheadMost)
        outcomes = try [GroupOutcome](proto.outcomes, texts: Array(texts.dropFirst(proto.candidates.count)))
        references = proto.references.map(\.label)
        attempt = proto.attempt
        replaces = proto.replace
        keepsOutcomes = proto.keepOutcomes
        inFlightMax = Int(proto.inFlightMax)
        totalTokens = proto.totalTokens > 0 ? Int(clamping: proto.totalTokens) : nil
        revisitAfter = Int(proto.revisitAfter)
    }
}

extension ContextChoice {
    init(_ proto: ProtoContextChoice) throws(WireError) {
        self.init()
        rows = Int(proto.rows)
        selection = try Selection(proto.selection)
        includesOwn = proto.ownOutcomes
        seed = proto.seed
    }
}

extension [GroupOutcome] {
    init(_ protos: [ProtoGroupOutcome], texts: [String]) throws(WireError) {
        self = []
        reserveCapacity(protos.count)
        for (proto, text) in zip(protos, texts) {
            append(
                GroupOutcome(
                    eventID: proto.eventID.label, promptID: proto.promptID.label, text: text,
                    policyVersion: proto.hasPolicyVersion ? Int(proto.policyVersion) : nil,
                    // A reward that is no number gets its outcome rejected, and not the whole message.
                    step: proto.hasStep ? Int(proto.step) : nil, rewards: proto.rewards, mean: proto.mean,
                    n: Int(proto.n), failed: Int(proto.failed), tokens: Int(clamping: proto.tokens)))
        }
    }
}

extension RequestRefused {
    init(_ proto: ProtoRequestRefused) throws(WireError) {
        self.init(
            proto.hasPlan ? .plan(try PlanName(proto.plan)) : .request(proto.request), try Reason(proto.reason),
            message: proto.message.label, code: proto.code.cut(to: Limits.codeBytesMax))
    }
}

extension PlannedBudget {
    init(_ proto: ProtoBudget) throws(WireError) {
        guard !proto.hasP || (0...1).contains(proto.p) else { throw .badField("p", found: "\(proto.p)") }
        guard !proto.hasKappa || (proto.kappa > 0 && proto.kappa.isFinite) else {
            throw .badField("kappa", found: "\(proto.kappa)")
        }
        self.init(
            index: Int(proto.index), promptID: proto.promptID.label, n: Int(proto.n), p: proto.hasP ? proto.p : nil,
            kappa: proto.hasKappa ? proto.kappa : nil, source: proto.source.label, reason: proto.reason.label,
            evidence: proto.hasEvidence ? Evidence(proto.evidence) : nil,
            staleness: proto.hasStaleness ? Int(proto.staleness) : nil,
            expectedTokens: proto.hasExpectedTokens
                ? try [proto.expectedTokens].finite("expected_tokens")[0] : nil)
    }
}

extension PlanEnd {
    init(_ proto: ProtoPlanEnd) throws(WireError) {
        _ = try [
            proto.utility, proto.uniformUtility, proto.upperBound, proto.price, proto.zeroGroups, proto.expectedTokens,
            proto.expectedWaste, proto.adviceUtility, proto.exploreSaved,
        ].finite(
            "utility, uniform_utility, upper_bound, price, zero_groups, expected_tokens, expected_waste, advice_utility, "
                + "explore_saved")
        guard proto.staleness >= -1 else { throw .badField("staleness", found: String(proto.staleness)) }
        self.init(
            planID: proto.planID.label, status: try Status(proto.status), prompts: Int(proto.prompts),
            total: Int(proto.total), surplus: Int(proto.surplus), reserve: Int(proto.reserve), utility: proto.utility,
            uniformUtility: proto.uniformUtility, upperBound: proto.upperBound,
            price: proto.hasPrice ? proto.price : nil, zeroGroups: proto.zeroGroups,
            digest: try Digest(proto.digest, field: "digest").bytes, contextRows: Int(proto.contextRows),
            staleness: Int(proto.staleness), uniformReason: proto.uniformReason.label,
            warnings: proto.warnings.map(\.label))
        contextAhead = Int(proto.contextAhead)
        attempt = proto.attempt
        totalTokens = proto.totalTokens > 0 ? Int(clamping: proto.totalTokens) : nil
        expectedTokens = proto.expectedTokens > 0 ? proto.expectedTokens : nil
        expectedWaste = proto.expectedTokens > 0 ? proto.expectedWaste : nil
        adviceTotal = proto.adviceTotal > 0 ? Int(clamping: proto.adviceTotal) : nil
        adviceUtility = proto.adviceTotal > 0 ? proto.adviceUtility : nil
        explored = Int(proto.explored)
        exploreSaved = proto.exploreSaved
    }
}

extension GroupDone {
    init(_ proto: ProtoGroupDone) throws(WireError) {
        guard proto.advantages.count == proto.rewards.count else {
            throw .badField("advantages", found: "\(proto.advantages.count) for \(proto.rewards.count) rewards")
        }
        guard proto.references.isEmpty || proto.references.count == proto.rewards.count else {
            throw .badField("references", found: "\(proto.references.count) for \(proto.rewards.count) rewards")
        }
        self.init(
            number: Int(proto.number), index: Int(proto.index), promptID: proto.promptID.label,
            rewards: try proto.rewards.finite("rewards"), advantages: try proto.advantages.finite("advantages"),
            baseline: try [proto.baseline].finite("baseline")[0], failed: Int(proto.failed),
            reason: proto.reason.label, references: proto.references.map(\.reference))
    }
}

extension AssignmentName {
    init(_ proto: ProtoAssignmentName) throws(WireError) {
        self.init(plan: try PlanName(proto.plan), index: Int(proto.index), attempt: proto.attempt)
    }
}

extension Assignment {
    init(_ proto: ProtoAssignment, raw: [RawFrame]) throws(WireError) {
        guard proto.n >= 1 else { throw .badField("n", found: "0") }
        self.init(
            name: try AssignmentName(proto.name), policyVersion: Int(proto.policyVersion),
            promptID: proto.promptID.label, text: try Message.planTexts(raw, count: 1)[0], n: Int(proto.n),
            leaseTime: try .milliseconds(proto.leaseMs, field: "lease_ms"))
    }
}

extension OutcomesRecorded {
    init(_ proto: ProtoOutcomesRecorded) throws(WireError) {
        var decisions: [Decision] = []
        for decision in proto.decisions {
            decisions.append(
                Decision(
                    index: Int(decision.index), draw: Int(decision.draw),
                    done: decision.hasDone ? try GroupDone(decision.done) : nil))
        }
        self.init(
            request: proto.request, accepted: Int(proto.accepted), duplicates: Int(proto.duplicates),
            rejected: proto.rejected.map {
                Rejected(
                    index: Int($0.index), eventID: $0.eventID.label, code: $0.code.cut(to: Limits.codeBytesMax),
                    message: $0.message.label)
            }, decisions: decisions, hasMore: proto.more)
    }
}

extension RequestScores {
    init(_ proto: ProtoRequestScores, raw: [RawFrame]) throws(WireError) {
        let rows = try Message.checkedRows(proto.rows)
        guard proto.contextRows <= ContextSet.rowsMax else {
            throw .tooLarge("context rows", found: Int(proto.contextRows), limit: ContextSet.rowsMax)
        }
        let all = try TextBlock(count: rows + Int(proto.contextRows), lengthsFrame: raw[0], bytes: raw[1])
        var context: ContextBlock?
        if proto.contextRows > 0 {
            let texts = all.slice(rows..<all.count)
            context = try ContextBlock(texts: texts, outcomes: raw[2])
        } else if !raw[2].isEmpty {
            throw .badFrame("outcomes", found: raw[2].count, expected: 0)
        }
        guard proto.facts.isEmpty || proto.facts.count == all.count else {
            throw .badField("facts", found: "\(proto.facts.count) for \(all.count) texts")
        }
        var facts: [PromptFacts] = []
        for known in proto.facts {
            facts.append(
                PromptFacts(
                    covariates: try [Covariate](known.covariates), references: try [NamedOutcome](known.references)))
        }
        self.init(
            request: proto.request,
            policy: Policy(id: proto.policy.label, version: proto.hasPolicyVersion ? Int(proto.policyVersion) : nil),
            context: context, choice: try ContextChoice(proto.context),
            deadline: try .milliseconds(proto.deadlineMs, field: "deadline_ms"), texts: all.slice(0..<rows),
            references: proto.references.map(\.label), facts: facts)
    }
}

extension ContextBlock {
    /// A context without a digest of its own, which it gets here. Throws `badField` where a row cannot be read.
    fileprivate init(texts: TextBlock, outcomes: RawFrame) throws(WireError) {
        guard outcomes.count == texts.count * Self.recordBytes else {
            throw .badFrame("outcomes", found: outcomes.count, expected: texts.count * Self.recordBytes)
        }
        var rows: [ContextSet.Row] = []
        for (row, text) in texts.texts.enumerated() {
            let (reward, n) = Self.record(outcomes, row: row)
            guard let text, let outcome = Outcome(reward: reward, n: n) else {
                throw .badField("context", found: "row \(row): reward \(reward), n \(n)")
            }
            rows.append(ContextSet.Row(text: text, outcome: outcome))
        }
        guard let set = ContextSet(rows) else {
            throw .tooLarge("context rows", found: rows.count, limit: ContextSet.rowsMax)
        }
        self.init(set)
    }
}
