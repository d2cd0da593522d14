import Scoring
import Wire

// The messages of plans and rollouts, drawn.

extension RandomMessages {
    mutating func planMessage(_ kind: Kind) -> Message {
        switch kind {
        case .requestPlan: .requestPlan(requestPlan())
        case .requestRefused: .requestRefused(refused())
        case .budgets: .budgets(planName(), (0..<count(9)).map { _ in budget() })
        case .planEnd: .planEnd(planName(), planEnd())
        case .followPlan: .followPlan(planName(), groupsAfter: number())
        case .groupDone: .groupDone(planName(), groupDone())
        case .assignment:
            .assignment(
                Assignment(
                    name: assignmentName(), policyVersion: version(), promptID: label(), text: text(),
                    n: max(1, number()), leaseTime: milliseconds()))
        case .rewards:
            .rewards(
                Rewards(
                    name: assignmentName(), rewards: reals(), failed: number(), references: references(count(5)),
                    tokens: flip() ? number() : 0))
        case .rewardsRecorded:
            .rewardsRecorded(
                RewardsRecorded(
                    name: assignmentName(), verdict: pick([.recorded, .superseded, .rejected]), draw: number(),
                    message: label()))
        case .assignmentReturned:
            .assignmentReturned(assignmentName(), pick([.draining, .programDied, .overCredit]))
        case .reportOutcomes:
            .reportOutcomes(
                ReportOutcomes(
                    request: number64(), policyID: label(), rewards: flip() ? range() : nil,
                    attempt: flip() ? number64() : 0, outcomes: outcomes(count(6))))
        case .outcomesRecorded: .outcomesRecorded(outcomesRecorded())
        case .requestScores: .requestScores(requestScores())
        case .scores: .scores(scores())
        case .dropPlans:
            .dropPlans(
                DropPlans(
                    request: number64(), policyID: label(), fromStep: number(), attempt: number64(),
                    keepsOutcomes: flip()))
        case .plansDropped:
            .plansDropped(
                PlansDropped(
                    request: number64(), plans: number(), groups: number(), outcomes: number(), attempt: number64()))
        default: preconditionFailure("\(kind) is no message of plans or rollouts")
        }
    }

    mutating func planName() -> PlanName {
        PlanName(policyID: label(), step: pick([0, 1, .max, Int(number32())]))
    }

    mutating func assignmentName() -> AssignmentName {
        AssignmentName(plan: planName(), index: number(), attempt: number64())
    }

    // MARK: Messages of several fields

    private mutating func requestPlan() -> RequestPlan {
        var request = RequestPlan(
            plan: planName(), total: number(),
            candidates: (0..<count(8)).map { _ in
                PlanCandidate(
                    promptID: label(), text: text(), minimum: flip() ? number() : nil, maximum: flip() ? number() : nil,
                    expectedTokens: flip() ? real() : nil, tokensMax: flip() ? 1 + number() : nil)
            })
        request.attempt = flip() ? number64() : 0
        request.replaces = flip()
        request.keepsOutcomes = flip()
        request.inFlightMax = flip() ? number() : 0
        request.totalTokens = flip() ? 1 + number() : nil
        request.revisitAfter = flip() ? number() : 0
        request.policyVersion = flip() ? version() : nil
        request.reserve = number()
        request.minimum = number()
        request.maximum = number()
        request.multipleOf = number()
        request.groupSizes = (0..<count(5)).map { _ in number() }
        request.objective = pick(BudgetObjective.allCases)
        request.explore = real()
        request.deadline = milliseconds()
        request.fallback = pick([.uniform, .refuse])
        request.mode = pick([.active, .shadow])
        request.delivery = pick([.trainer, .workers])
        request.context = choice()
        request.recordDecay = real()
        request.rewards = range()
        request.raisesFloors = flip()
        request.groupSurvival = real()
        request.lookAhead = real()
        request.lookAheadMost = number()
        request.outcomes = outcomes(count(6))
        return request
    }

    private mutating func choice() -> ContextChoice {
        var choice = ContextChoice()
        choice.rows = number()
        choice.selection = pick(ContextChoice.Selection.allCases)
        choice.includesOwn = flip()
        choice.seed = number64()
        return choice
    }

    private mutating func refused() -> RequestRefused {
        RequestRefused(
            flip() ? .plan(planName()) : .request(number64()),
            pick([.invalid, .conflict, .capacity, .deadline, .unknown]), message: label(),
            code: pick(["", "steps_in_flight"]))
    }

    private mutating func budget() -> PlannedBudget {
        PlannedBudget(
            index: number(), promptID: label(), n: number(), p: flip() ? pick([0, 1, chance.unit()]) : nil,
            kappa: flip() ? pick([.leastNonzeroMagnitude, 12, .greatestFiniteMagnitude]) : nil, source: label(),
            reason: label(), staleness: flip() ? number() : nil, expectedTokens: flip() ? real() : nil)
    }

    private mutating func planEnd() -> PlanEnd {
        var end = PlanEnd(
            planID: label(), status: pick([.ok, .degraded, .fallback]), prompts: number(), total: number(),
            surplus: number(), reserve: number(), utility: real(), uniformUtility: real(), upperBound: real(),
            price: flip() ? real() : nil, zeroGroups: real(), digest: digest().bytes, contextRows: number(),
            staleness: pick([-1, 0, .max, number()]), uniformReason: label(),
            warnings: (0..<count(3)).map { _ in label() })
        end.contextAhead = number()
        end.attempt = number64()
        end.totalTokens = flip() ? 1 + number() : nil
        if flip() { (end.expectedTokens, end.expectedWaste) = (1 + chance.unit(), chance.unit()) }
        if flip() { (end.adviceTotal, end.adviceUtility) = (1 + number(), real()) }
        (end.explored, end.exploreSaved) = (number(), real())
        return end
    }

    private mutating func groupDone() -> GroupDone {
        let rewards = reals()
        return GroupDone(
            number: number(), index: number(), promptID: label(), rewards: rewards,
            advantages: rewards.map { _ in real() }, baseline: real(), failed: number(), reason: label(),
            references: flip() ? [] : references(rewards.count))
    }

    private mutating func outcomesRecorded() -> OutcomesRecorded {
        OutcomesRecorded(
            request: number64(), accepted: number(), duplicates: number(),
            rejected: (0..<count(4)).map { _ in
                OutcomesRecorded.Rejected(
                    index: number(), eventID: label(), code: pick(["unknown_prompt", ""]), message: label())
            },
            decisions: (0..<count(4)).map { _ in
                OutcomesRecorded.Decision(index: number(), draw: number(), done: flip() ? groupDone() : nil)
            }, hasMore: flip())
    }

    private mutating func requestScores() -> RequestScores {
        let context = context()
        let texts = texts(1 + count(9))
        return RequestScores(
            request: number64(), policy: Policy(id: label(), version: flip() ? version() : nil),
            // No rows mean that a context is drawn.
            context: context.count > 0 ? context : nil, choice: choice(), deadline: milliseconds(),
            texts: texts, references: (0..<count(4)).map { _ in label() },
            facts: flip() ? [] : (0..<texts.count + context.count).map { _ in promptFacts() })
    }

    private mutating func promptFacts() -> PromptFacts {
        PromptFacts(
            covariates: (0..<count(3)).map { _ in
                Covariate(name: label(), value: flip() ? .number(real()) : .category(label()))
            },
            references: (0..<count(3)).compactMap { _ in
                Outcome(reward: chance.unit(), n: 1 + count(100)).map { NamedOutcome(name: label(), outcome: $0) }
            })
    }

    private mutating func evidence() -> Evidence {
        Evidence(contextRows: count(4096), references: count(63), ownRecord: flip())
    }

    private mutating func scores() -> Scores {
        let answers = answers(1 + count(9))
        return Scores(
            request: number64(), context: digest(), contextRows: number(), fingerprint: model(), answers: answers,
            faults: faults(answers), evidence: flip() ? [] : (0..<answers.count).map { _ in evidence() })
    }

    private mutating func outcomes(_ count: Int) -> [GroupOutcome] {
        (0..<count).map { _ in
            GroupOutcome(
                eventID: label(), promptID: label(), text: text(), policyVersion: flip() ? version() : nil,
                step: flip() ? version() : nil, rewards: reals(), mean: real(), n: number(), failed: number(),
                tokens: flip() ? number() : 0)
        }
    }

    // MARK: Values

    private mutating func version() -> Int { Int(Int64(bitPattern: number64())) }

    /// A number that is one, at the ends of the range too.
    private mutating func real() -> Double {
        pick([
            0, 1, -1, chance.unit(), -.greatestFiniteMagnitude, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0.1,
        ])
    }

    private mutating func reals() -> [Double] { (0..<count(6)).map { _ in real() } }

    private mutating func range() -> ClosedRange<Double> {
        pick([0...1, -1...1, 0 ... .leastNonzeroMagnitude, 0 ... .greatestFiniteMagnitude, 2.5...2.75])
    }

    private mutating func references(_ count: Int) -> [String] {
        (0..<count).map { _ in
            self.count(20) == 0 ? String(repeating: "x", count: Limits.referenceBytesMax) : text()
        }
    }
}
