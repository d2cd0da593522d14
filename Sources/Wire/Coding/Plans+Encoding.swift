import Foundation
import Scoring
import SwiftProtobuf

// Writes the messages of plans and rollouts as protobuf; `Plans+Decoding` reads them.

extension Message {
    /// The body and raw frames of a message of plans and rollouts. Precondition: it is one.
    var planEncoded: (ProtoEnvelope.OneOf_Body, [RawFrame]) {
        switch self {
        case .requestPlan(let request):
            let texts = TextBlock(request.candidates.map(\.text) + request.outcomes.map(\.text))
            return (.requestPlan(ProtoRequestPlan(request)), [texts.lengthsFrame, texts.bytes])
        case .requestRefused(let refused): return (.requestRefused(ProtoRequestRefused(refused)), [])
        case .budgets(let plan, let budgets):
            return (
                .budgets(
                    .with {
                        $0.plan = ProtoPlanName(plan)
                        $0.budgets = budgets.map(ProtoBudget.init)
                    }), []
            )
        case .planEnd(let plan, let end): return (.planEnd(ProtoPlanEnd(plan, end)), [])
        case .followPlan(let plan, let groupsAfter):
            return (
                .followPlan(
                    .with {
                        $0.plan = ProtoPlanName(plan)
                        $0.groupsAfter = UInt32(clamping: groupsAfter)
                    }), []
            )
        case .groupDone(let plan, let group): return (.groupDone(ProtoGroupDone(plan, group)), [])
        case .assignment(let assignment):
            let text = TextBlock([assignment.text])
            return (.assignment(ProtoAssignment(assignment)), [text.lengthsFrame, text.bytes])
        case .rewards(let rewards):
            return (
                .rewards(
                    .with {
                        $0.name = ProtoAssignmentName(rewards.name)
                        $0.rewards = rewards.rewards
                        $0.failed = UInt32(clamping: rewards.failed)
                        $0.references = rewards.references.map(\.reference)
                        $0.tokens = UInt64(clamping: rewards.tokens)
                    }), []
            )
        case .rewardsRecorded(let recorded):
            return (
                .rewardsRecorded(
                    .with {
                        $0.name = ProtoAssignmentName(recorded.name)
                        $0.verdict = recorded.verdict.proto
                        $0.draw = UInt32(clamping: recorded.draw)
                        $0.message = recorded.message.label
                    }), []
            )
        case .assignmentReturned(let name, let reason):
            return (
                .assignmentReturned(
                    .with {
                        $0.name = ProtoAssignmentName(name)
                        $0.reason = reason.proto
                    }), []
            )
        case .reportOutcomes(let report):
            let texts = TextBlock(report.outcomes.map(\.text))
            return (
                .reportOutcomes(
                    .with {
                        $0.request = report.request
                        $0.policy = report.policyID.label
                        $0.rewardLow = report.rewards?.lowerBound ?? 0
                        $0.rewardHigh = report.rewards?.upperBound ?? 0
                        $0.attempt = report.attempt
                        $0.outcomes = report.outcomes.map(ProtoGroupOutcome.init)
                    }), [texts.lengthsFrame, texts.bytes]
            )
        case .outcomesRecorded(let recorded): return (.outcomesRecorded(ProtoOutcomesRecorded(recorded)), [])
        case .requestScores(let request):
            let frames = request.context?.frames ?? [[], [], []]
            return (
                .requestScores(ProtoRequestScores(request)),
                [
                    RawFrame(request.texts.lengthsFrame.array + frames[0].array),
                    RawFrame(request.texts.bytes.array + frames[1].array), frames[2],
                ]
            )
        case .scores(let scores):
            return (
                .scores(
                    .with {
                        $0.request = scores.request
                        $0.rows = UInt32(clamping: scores.answers.count)
                        $0.context = scores.context.wireBytes
                        $0.contextRows = UInt32(clamping: scores.contextRows)
                        $0.fingerprint = ProtoFingerprint(scores.fingerprint)
                        $0.errors = scores.faults.wireErrors
                        $0.evidence = scores.evidence.map(ProtoEvidence.init)
                    }), [scores.answers.bytes]
            )
        case .dropPlans(let drop): return (.dropPlans(ProtoDropPlans(drop)), [])
        case .plansDropped(let dropped): return (.plansDropped(ProtoPlansDropped(dropped)), [])
        default: preconditionFailure("\(self) is no message of plans or rollouts")
        }
    }
}

extension ProtoPlanName {
    init(_ plan: PlanName) {
        self = .with {
            $0.policy = plan.policyID.label
            $0.step = Int64(plan.step)
        }
    }
}

extension ProtoRequestPlan {
    init(_ request: RequestPlan) {
        self = .with {
            $0.plan = ProtoPlanName(request.plan)
            if let version = request.policyVersion { $0.policyVersion = Int64(version) }
            $0.total = UInt32(clamping: request.total)
            $0.reserve = UInt32(clamping: request.reserve)
            $0.nMin = UInt32(clamping: request.minimum)
            $0.nMax = UInt32(clamping: request.maximum)
            $0.multipleOf = UInt32(clamping: request.multipleOf)
            $0.groupSizes = request.groupSizes.map { UInt32(clamping: $0) }
            $0.objective = request.objective.rawValue
            $0.explore = request.explore
            $0.deadlineMs = request.deadline.wireMilliseconds
            $0.fallback = request.fallback.proto
            $0.mode = request.mode.proto
            $0.delivery = request.delivery.proto
            $0.context = ProtoContextChoice(request.context)
            $0.recordDecay = request.recordDecay
            $0.rewardLow = request.rewards.lowerBound
            $0.rewardHigh = request.rewards.upperBound
            $0.failureFloor = request.raisesFloors
            $0.groupSurvival = request.groupSurvival
            $0.lookAhead = request.lookAhead
            $0.lookAheadMost = UInt32(clamping: request.lookAheadMost)
            $0.candidates = request.candidates.map { candidate in
                .with {
                    $0.promptID = candidate.promptID.label
                    if let minimum = candidate.minimum { $0.nMin = UInt32(clamping: minimum) }
                    if let maximum = candidate.maximum { $0.nMax = UInt32(clamping: maximum) }
                    $0.covariates = candidate.covariates.map(ProtoCovariate.init)
                    $0.references = candidate.references.map(ProtoNamedOutcome.init)
                    if let tokens = candidate.expectedTokens { $0.expectedTokens = tokens }
                    $0.tokensMax = UInt64(clamping: candidate.tokensMax ?? 0)
                }
            }
            $0.outcomes = request.outcomes.map(ProtoGroupOutcome.init)
            $0.references = request.references.map(\.label)
            $0.attempt = request.attempt
            $0.replace = request.replaces
            $0.keepOutcomes = request.keepsOutcomes
            $0.inFlightMax = UInt32(clamping: request.inFlightMax)
            $0.totalTokens = UInt64(clamping: request.totalTokens ?? 0)
            $0.revisitAfter = UInt32(clamping: request.revisitAfter)
        }
    }
}

extension ProtoContextChoice {
    init(_ choice: ContextChoice) {
        self = .with {
            $0.rows = UInt32(clamping: choice.rows)
            $0.selection = choice.selection.proto
            $0.ownOutcomes = choice.includesOwn
            $0.seed = choice.seed
        }
    }
}

extension ProtoGroupOutcome {
    init(_ outcome: GroupOutcome) {
        self = .with {
            $0.eventID = outcome.eventID.label
            $0.promptID = outcome.promptID.label
            if let version = outcome.policyVersion { $0.policyVersion = Int64(version) }
            if let step = outcome.step { $0.step = Int64(step) }
            $0.rewards = outcome.rewards
            $0.mean = outcome.mean
            $0.n = UInt32(clamping: outcome.n)
            $0.failed = UInt32(clamping: outcome.failed)
            $0.tokens = UInt64(clamping: outcome.tokens)
        }
    }
}

extension ProtoRequestRefused {
    init(_ refused: RequestRefused) {
        self = .with {
            switch refused.subject {
            case .plan(let plan): $0.plan = ProtoPlanName(plan)
            case .request(let request): $0.request = request
            }
            $0.reason = refused.reason.proto
            $0.message = refused.message.label
            $0.code = refused.code.cut(to: Limits.codeBytesMax)
        }
    }
}

extension ProtoBudget {
    init(_ budget: PlannedBudget) {
        self = .with {
            $0.index = UInt32(clamping: budget.index)
            $0.promptID = budget.promptID.label
            $0.n = UInt32(clamping: budget.n)
            if let p = budget.p { $0.p = p }
            if let kappa = budget.kappa { $0.kappa = kappa }
            $0.source = budget.source.label
            $0.reason = budget.reason.label
            if let evidence = budget.evidence { $0.evidence = ProtoEvidence(evidence) }
            if let staleness = budget.staleness { $0.staleness = UInt32(clamping: staleness) }
            if let tokens = budget.expectedTokens { $0.expectedTokens = tokens }
        }
    }
}

extension ProtoPlanEnd {
    init(_ plan: PlanName, _ end: PlanEnd) {
        self = .with {
            $0.plan = ProtoPlanName(plan)
            $0.planID = end.planID.label
            $0.status = end.status.proto
            $0.prompts = UInt32(clamping: end.prompts)
            $0.total = UInt32(clamping: end.total)
            $0.surplus = UInt32(clamping: end.surplus)
            $0.reserve = UInt32(clamping: end.reserve)
            $0.utility = end.utility
            $0.uniformUtility = end.uniformUtility
            $0.upperBound = end.upperBound
            if let price = end.price { $0.price = price }
            $0.zeroGroups = end.zeroGroups
            $0.digest = Data(end.digest)
            $0.contextRows = UInt32(clamping: end.contextRows)
            $0.staleness = Int64(end.staleness)
            $0.uniformReason = end.uniformReason.label
            $0.warnings = end.warnings.map(\.label)
            $0.contextAhead = UInt32(clamping: end.contextAhead)
            $0.attempt = end.attempt
            $0.totalTokens = UInt64(clamping: end.totalTokens ?? 0)
            $0.expectedTokens = end.expectedTokens ?? 0
            $0.expectedWaste = end.expectedWaste ?? 0
            $0.adviceTotal = UInt64(clamping: end.adviceTotal ?? 0)
            $0.adviceUtility = end.adviceUtility ?? 0
            $0.explored = UInt32(clamping: end.explored)
            $0.exploreSaved = end.exploreSaved
        }
    }
}

extension ProtoGroupDone {
    init(_ plan: PlanName, _ group: GroupDone) {
        self = .with {
            $0.plan = ProtoPlanName(plan)
            $0.number = UInt32(clamping: group.number)
            $0.index = UInt32(clamping: group.index)
            $0.promptID = group.promptID.label
            $0.rewards = group.rewards
            $0.advantages = group.advantages
            $0.baseline = group.baseline
            $0.failed = UInt32(clamping: group.failed)
            $0.reason = group.reason.label
            $0.references = group.references.map(\.reference)
        }
    }
}

extension ProtoAssignmentName {
    init(_ name: AssignmentName) {
        self = .with {
            $0.plan = ProtoPlanName(name.plan)
            $0.index = UInt32(clamping: name.index)
            $0.attempt = name.attempt
        }
    }
}

extension ProtoAssignment {
    init(_ assignment: Assignment) {
        self = .with {
            $0.name = ProtoAssignmentName(assignment.name)
            $0.policyVersion = Int64(assignment.policyVersion)
            $0.promptID = assignment.promptID.label
            $0.n = UInt32(clamping: assignment.n)
            $0.leaseMs = assignment.leaseTime.wireMilliseconds
        }
    }
}

extension ProtoOutcomesRecorded {
    init(_ recorded: OutcomesRecorded) {
        self = .with {
            $0.request = recorded.request
            $0.accepted = UInt32(clamping: recorded.accepted)
            $0.duplicates = UInt32(clamping: recorded.duplicates)
            $0.rejected = recorded.rejected.map { rejected in
                .with {
                    $0.index = UInt32(clamping: rejected.index)
                    $0.eventID = rejected.eventID.label
                    $0.code = rejected.code.cut(to: Limits.codeBytesMax)
                    $0.message = rejected.message.label
                }
            }
            $0.decisions = recorded.decisions.map { decision in
                .with {
                    $0.index = UInt32(clamping: decision.index)
                    $0.draw = UInt32(clamping: decision.draw)
                    // The plan is the report's own.
                    if let done = decision.done { $0.done = ProtoGroupDone(PlanName(policyID: "", step: 0), done) }
                }
            }
            $0.more = recorded.hasMore
        }
    }
}

extension ProtoRequestScores {
    init(_ request: RequestScores) {
        self = .with {
            $0.request = request.request
            $0.policy = request.policy.id.label
            if let version = request.policy.version { $0.policyVersion = Int64(version) }
            $0.rows = UInt32(clamping: request.texts.count)
            $0.contextRows = UInt32(clamping: request.context?.count ?? 0)
            $0.context = ProtoContextChoice(request.choice)
            $0.deadlineMs = request.deadline.wireMilliseconds
            $0.references = request.references.map(\.label)
            $0.facts = request.facts.map { facts in
                .with {
                    $0.covariates = facts.covariates.map(ProtoCovariate.init)
                    $0.references = facts.references.map(ProtoNamedOutcome.init)
                }
            }
        }
    }
}

extension ProtoDropPlans {
    init(_ drop: DropPlans) {
        self = .with {
            $0.request = drop.request
            $0.policy = drop.policyID.label
            $0.fromStep = Int64(drop.fromStep)
            $0.attempt = drop.attempt
            $0.keepOutcomes = drop.keepsOutcomes
        }
    }
}

extension ProtoPlansDropped {
    init(_ dropped: PlansDropped) {
        self = .with {
            $0.request = dropped.request
            $0.plans = UInt32(clamping: dropped.plans)
            $0.groups = UInt32(clamping: dropped.groups)
            $0.outcomes = UInt32(clamping: dropped.outcomes)
            $0.attempt = dropped.attempt
        }
    }
}
