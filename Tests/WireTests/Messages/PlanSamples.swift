import Scoring
import Wire

// The messages of plans and rollouts, and what is new in others for them.

extension MessageSample {
    static let plan = PlanName(policyID: "smollm2-135m", step: 41)
    static let assignment = AssignmentName(plan: plan, index: 1, attempt: 3 << 32 | 9)
    static let rolloutCredit = Credit(rows: 8, tokens: 64)

    private static var choice: ContextChoice {
        var choice = ContextChoice()
        choice.seed = 5
        return choice
    }

    private static func group(number: Int, references: [String]) -> GroupDone {
        GroupDone(
            number: number, index: 1, promptID: "p-2", rewards: [1, 0, 0, 1], advantages: [0.5, -0.5, -0.5, 0.5],
            baseline: 0.5, failed: 1, reason: "settled", references: references)
    }

    private static var request: RequestPlan {
        var request = RequestPlan(
            plan: plan, total: 16,
            candidates: [
                PlanCandidate(promptID: "p-1", text: "Spell: cat", maximum: 8), PlanCandidate(promptID: "p-2"),
            ])
        request.policyVersion = 40
        request.reserve = 4
        request.multipleOf = 4
        request.groupSizes = [4, 8, 12]
        request.explore = 0.125
        request.delivery = .workers
        request.context = choice
        request.recordDecay = 0.5
        request.raisesFloors = true
        request.groupSurvival = 0.75
        request.lookAhead = 1.0 / 256
        request.outcomes = [
            GroupOutcome(
                eventID: "e-1", promptID: "p-1", text: "Spell: cat", policyVersion: 39, mean: 0.25, n: 8)
        ]
        return request
    }

    private static var end: PlanEnd {
        PlanEnd(
            planID: "0123456789abcdef", status: .ok, prompts: 2, total: 16, surplus: 0, reserve: 4, utility: 1.75,
            uniformUtility: 1.5, upperBound: 2, price: 0.03125, zeroGroups: 0.5,
            digest: PlanEnd.digest(of: [4, 12]).bytes, contextRows: 1, staleness: 1, uniformReason: "",
            warnings: ["1 outcomes were not recorded"])
    }

    static var planning: [MessageSample] {
        [
            MessageSample(
                "request-plan", "A trainer asks for a step's budgets",
                [
                    "plan: policy smollm2-135m, step 41; version 40; total 16 and 4 in reserve; 4 to 32, multiples of 4, sizes",
                    "4, 8, 12; explore 1/8; deadline 2000 ms, then uniform; active; to workers; context: 256 rows, recent, seed 5;",
                    "decay 0.5; rewards 0 (absent) to 1; failure floor; survival 0.75; look-ahead 1/256, 16 at most; candidates",
                    "p-1 (n_max 8), p-2; an outcome of version 39: mean 0.25 of 8; then lengths (10, 0, 10), texts: of p-1,",
                    "none for p-2, which was sent before, and the outcome's",
                ], .requestPlan(request)),
            MessageSample(
                "request-refused", "What was asked cannot be done", ["plan; reason 2 conflict; a message for people"],
                .requestRefused(
                    RequestRefused(.plan(plan), .conflict, message: "step 41 was planned for another request"))),
            MessageSample(
                "budgets", "Budgets that may be worked on",
                [
                    "plan; index 1: p-2, 12 rollouts, p 0.5, kappa 6; index 0 (absent): p-1, 4 rollouts, nothing known of it"
                ],
                .budgets(
                    plan,
                    [
                        PlannedBudget(
                            index: 1, promptID: "p-2", n: 12, p: 0.5, kappa: 6, source: "model", reason: "price"),
                        PlannedBudget(
                            index: 0, promptID: "p-1", n: 4, p: nil, kappa: nil, source: "fallback",
                            reason: "deadline"),
                    ])),
            MessageSample(
                "plan-end", "All budgets have left",
                [
                    "plan; id; status 1 ok; 2 prompts; total 16; reserve 4; utility 1.75, uniform 1.5, bound 2; price 1/32;",
                    "0.5 groups without a gradient; SHA-256 over the budgets 4 and 12 as uint32; 1 context row, a step old",
                ], .planEnd(plan, end)),
            MessageSample(
                "follow-plan", "A trainer wants to follow a plan again", ["plan; groups from number 1 on"],
                .followPlan(plan, groupsAfter: 1)),
            MessageSample(
                "drop-plans", "A trainer goes back to an earlier step",
                ["request 11; the plans of step 30 and later are dropped; attempt 2 begins; outcomes stay"],
                .dropPlans(
                    DropPlans(request: 11, policyID: plan.policyID, fromStep: 30, attempt: 2, keepsOutcomes: true))),
            MessageSample(
                "plans-dropped", "Plans were dropped", ["request 11; 3 plans; 5 groups; 7 outcomes; attempt 2"],
                .plansDropped(PlansDropped(request: 11, plans: 3, groups: 5, outcomes: 7, attempt: 2))),
            MessageSample(
                "group-done", "A group is complete",
                [
                    "plan; number 1; index 1: p-2; rewards 1, 0, 0, 1; advantages less the baseline 0.5; 1 failed; settled;",
                    "a reference for each reward, the third one empty",
                ],
                .groupDone(plan, group(number: 1, references: ["shard-7:0", "shard-7:1", "", "shard-7:3"]))),
        ]
    }

    static var rollingOut: [MessageSample] {
        [
            MessageSample(
                "hello-trainer", "A trainer's first message", ["role 3 trainer; neither fingerprint nor credit"],
                generation: 0, .hello(Hello(role: .trainer, name: "trainer-1", incarnation: incarnation))),
            MessageSample(
                "hello-rollout", "A rollout worker's first message",
                ["role 4 rollout; credit 8 assignments, 64 rollouts"],
                generation: 0,
                .hello(Hello(role: .rollout(rolloutCredit), name: "rollout-1", incarnation: incarnation))),
            MessageSample(
                "heartbeat-rollout", "Liveness and progress of a rollout worker that holds one assignment",
                ["credit 8 assignments, 64 rollouts; progress 17; plan, index 1, attempt 9 of generation 3"],
                .heartbeat(
                    Heartbeat(
                        incarnation: incarnation, credit: rolloutCredit, progress: 17, assignments: [assignment]))),
            MessageSample(
                "assignment", "Rollouts to make",
                [
                    "name: plan, index 1, attempt 9 of generation 3 (3 << 32 | 9); version 40; p-2; 12 rollouts; lease 600 s;",
                    "then lengths (16), text",
                ],
                .assignment(
                    Assignment(
                        name: assignment, policyVersion: 40, promptID: "p-2", text: "Zähle bis drei.", n: 12,
                        leaseTime: .seconds(600)))),
            MessageSample(
                "rewards", "The results of an assignment",
                ["name as in assignment.txt; rewards 1, 0.25; 1 failed; references"],
                .rewards(
                    Rewards(name: assignment, rewards: [1, 0.25], failed: 1, references: ["shard-7:0", "shard-7:1"]))),
            MessageSample(
                "rewards-recorded", "Rewards count, and the group gets 4 rollouts more",
                ["name; verdict 1 recorded; draw 4"],
                .rewardsRecorded(RewardsRecorded(name: assignment, verdict: .recorded, draw: 4))),
            MessageSample(
                "assignment-returned", "A rollout worker gives an assignment back undone",
                ["name; reason 2 program died"], .assignmentReturned(assignment, .programDied)),
        ]
    }

    static var reporting: [MessageSample] {
        guard let context, let prediction else { return [] }
        return [
            MessageSample(
                "report-outcomes", "A trainer reports a group, and an older outcome",
                [
                    "request 77; policy; rewards -1 to 1; event e-2: p-2 of step 41, rewards 1, -1, -1, 1, 1 failed; event e-3: p-3 of",
                    "version 39, mean 0.5 of 8; then lengths (0, 16), texts: none for p-2, which was sent with its plan",
                ],
                .reportOutcomes(
                    ReportOutcomes(
                        request: 77, policyID: plan.policyID, rewards: -1...1,
                        outcomes: [
                            GroupOutcome(
                                eventID: "e-2", promptID: "p-2", step: 41, rewards: [1, -1, -1, 1], failed: 1),
                            GroupOutcome(
                                eventID: "e-3", promptID: "p-3", text: "Zähle bis drei.", policyVersion: 39, mean: 0.5,
                                n: 8),
                        ]))),
            MessageSample(
                "outcomes-recorded", "The first part of an answer to a report",
                [
                    "request 77; 1 counts, 2 did before; outcome 3, e-3, cannot; outcome 0: draw 4; outcome 1: the group is done,",
                    "with an empty plan name, which is the report's own; more follows",
                ],
                .outcomesRecorded(
                    OutcomesRecorded(
                        request: 77, accepted: 1, duplicates: 2,
                        rejected: [
                            OutcomesRecorded.Rejected(
                                index: 3, eventID: "e-3", code: "unknown_prompt", message: "send the text of p-3")
                        ],
                        decisions: [
                            OutcomesRecorded.Decision(index: 0, draw: 4, done: nil),
                            OutcomesRecorded.Decision(index: 1, draw: 0, done: group(number: 0, references: [])),
                        ], hasMore: true))),
            MessageSample(
                "request-scores", "A trainer wants a prediction under a context of its own",
                [
                    "request 78; policy at version 40; 1 query; 2 context rows; how to draw one, unused; deadline 10000 ms; then",
                    "lengths (10, 14, 28), texts: the query's, the context's; outcomes as in context.txt",
                ],
                .requestScores(
                    RequestScores(
                        request: 78, policy: Policy(id: plan.policyID, version: 40), context: context, choice: choice,
                        texts: TextBlock(["Spell: cat"])))),
            MessageSample(
                "scores", "Predictions without a plan",
                [
                    "request 78; 2 rows; the context's digest and rows; the model; fault at row 1; answers: a prediction, zeros"
                ],
                .scores(
                    Scores(
                        request: 78, context: context.digest, contextRows: 2, fingerprint: model,
                        answers: AnswerBlock([prediction, nil]), faults: [fault]))),
        ]
    }
}
