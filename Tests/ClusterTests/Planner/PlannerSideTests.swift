import Cluster
import Planning
import Scoring
import Testing
import Wire

@Suite("Planner: references, covariates and own records")
struct PlannerSideTests {
    private func report(_ policy: String, _ outcomes: [GroupOutcome]) -> Message {
        .reportOutcomes(ReportOutcomes(request: 5, policyID: policy, outcomes: outcomes))
    }

    /// Policies `p` and `r` with outcomes of the first 40 prompts, and a trainer.
    private func bench() -> PlannerBench {
        var bench = PlannerBench()
        bench.joinTrainer()
        for policy in ["p", "r"] {
            bench.receive(report(policy, PlannerBench.outcomes(0..<40)), from: PlannerBench.trainer)
        }
        return bench
    }

    @Test("outcomes of a reference are joined with candidates and context rows by text, and the answer counts them")
    func references() throws {
        var bench = bench()
        var request = PlannerBench.request(60, step: 2)
        request.references = ["r"]
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        let context = try #require(bench.contexts.last)
        #expect(context.schema == SideSchema(references: [.init(name: "r")]))
        #expect(context.rows.allSatisfy { $0.side.references.count == 1 } && context.pool.count == 40)
        // These prompts are predicted under the last context.
        let solved = try #require(bench.known["prompt 3"] ?? nil)
        #expect(solved.references == [.init(reference: 0, outcome: try #require(Outcome(k: 3, n: 4)))])
        #expect(solved.poolRow.map { context.pool[$0].text } == "prompt 3")
        #expect((bench.known["prompt 40"] ?? nil) == SideInformation.none)
        let last = Dictionary(bench.budgets().map { ($0.promptID, $0) }) { $1 }
        #expect(last["q3"]?.evidence == Evidence(contextRows: context.rows.count, references: 1, ownRecord: true))
        #expect(last["q40"]?.evidence?.references == 0 && last["q40"]?.evidence?.ownRecord == false)
        #expect(bench.end()?.status == .ok)
    }

    @Test("a restarted coordinator has the same budgets with the same evidence")
    func replays() throws {
        var bench = bench()
        var request = PlannerBench.request(60, step: 2)
        request.references = ["r"]
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        let budgets = bench.budgets()
        var again = bench.restarted()
        again.joinTrainer()
        again.receive(.requestPlan(request), from: PlannerBench.trainer)
        #expect(again.budgets() == budgets && budgets.allSatisfy { $0.evidence != nil })
    }

    @Test("values of a request are used for its candidates, and for context rows while their plan is kept")
    func inline() throws {
        var bench = bench()
        var first = PlannerBench.request(40, step: 2)
        for index in first.candidates.indices {
            first.candidates[index].covariates = [
                Covariate(name: "level", value: .number(Double(index % 5))),
                Covariate(name: "subject", value: .category("s\(index % 2)")),
            ]
            first.candidates[index].references = [
                NamedOutcome(name: "base", outcome: try #require(Outcome(k: 1, n: 2)))
            ]
        }
        bench.receive(.requestPlan(first), from: PlannerBench.trainer)
        var second = PlannerBench.request(20, step: 3, first: 100)
        second.candidates[0].covariates = [Covariate(name: "level", value: .number(4))]
        bench.receive(.requestPlan(second), from: PlannerBench.trainer)
        let context = try #require(bench.contexts.last)
        #expect(
            context.schema
                == SideSchema(references: [.init(name: "base")], numbers: ["level"], categories: ["subject"]))
        let row = try #require(context.rows.first { $0.text == "prompt 7" })
        #expect(row.side.numbers == [2] && row.side.categories == [SideSchema.code(of: "s1")])
        #expect((bench.known["prompt 100"] ?? nil)?.numbers == [4])
        #expect((bench.known["prompt 101"] ?? nil) == SideInformation.none)
    }

    @Test("where names are too many, those of the request are used and those of earlier requests are not")
    func ownNamesFirst() throws {
        var bench = bench()
        for (step, first, letter) in [(2, 0, "a"), (3, 100, "z")] {
            var request = PlannerBench.request(20, step: step, first: first)
            request.candidates[0].covariates = (0..<64).map { Covariate(name: "\(letter)\($0)", value: .number(1)) }
            request.candidates[0].references = [
                NamedOutcome(name: letter, outcome: try #require(Outcome(k: 1, n: 2)))
            ]
            bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        }
        let schema = try #require(bench.contexts.last?.schema)
        #expect(schema.numbers.count == 64 && schema.numbers.allSatisfy { $0.hasPrefix("z") })
        #expect(schema.references.map(\.name) == ["a", "z"])
    }

    @Test("an own outcome that is old becomes a column instead of counts")
    func stale() throws {
        var bench = bench()
        let request = PlannerBench.request(60, step: 400)
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        let context = try #require(bench.contexts.last)
        #expect(context.schema.references == [.init(name: "p", kind: .ownRecord)])
        #expect((bench.known["prompt 1"] ?? nil)?.references.count == 1)
        let last = Dictionary(bench.budgets().map { ($0.promptID, $0) }) { $1 }
        #expect(last["q1"]?.source != BudgetSource.record.rawValue && last["q1"]?.evidence?.ownRecord == true)
    }

    @Test("a head that reads texts only gets the plan again without side information")
    func textOnly() throws {
        var bench = bench()
        bench.isTextOnly = true
        var request = PlannerBench.request(60, step: 2)
        request.references = ["r"]
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        #expect(bench.end()?.status == .ok)
        #expect(bench.contexts.last?.schema.isEmpty == true)
        #expect(bench.budgets().allSatisfy { $0.evidence == nil && $0.p != nil })
    }

    @Test("a plan without side information has none in its messages")
    func nothing() throws {
        var bench = bench()
        bench.receive(.requestPlan(PlannerBench.request(60, step: 2)), from: PlannerBench.trainer)
        #expect(bench.contexts.last?.schema.isEmpty == true)
        #expect(bench.budgets().allSatisfy { $0.evidence == nil })
    }

    @Test(
        "references beyond their bounds are refused in words",
        arguments: [
            (["p"], "the policy itself"), (["r", "r"], "again"), ([""], "0 bytes"),
            ((0..<64).map { "r\($0)" }, "64 elements"),
        ])
    func bounds(references: [String], message: String) {
        var bench = bench()
        var request = PlannerBench.request(10, step: 2)
        request.references = references
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .invalid)
        #expect(bench.refusal()?.message.contains(message) == true, "\(bench.refusal()?.message ?? "")")
    }

    private func scores(_ bench: PlannerBench) -> Scores? {
        bench.messages(to: PlannerBench.trainer).compactMap { if case .scores(let scores) = $0 { scores } else { nil } }
            .last
    }

    @Test("scores use kept outcomes of the policies named, and say what each prediction rests on")
    func scoredWithReferences() throws {
        var bench = bench()
        let request = RequestScores(
            request: 9, policy: Policy(id: "p"), texts: TextBlock(["prompt 3", "prompt 500"]), references: ["r"])
        bench.receive(.requestScores(request), from: PlannerBench.trainer)
        let context = try #require(bench.contexts.last)
        #expect(context.schema == SideSchema(references: [.init(name: "r")]))
        #expect(context.rows.count == 39 && context.rows.allSatisfy { $0.side.references.count == 1 })
        #expect((bench.known["prompt 3"] ?? nil)?.references.first?.outcome == Outcome(k: 3, n: 4))
        #expect(
            scores(bench)?.evidence == [
                Evidence(contextRows: 39, references: 1, ownRecord: false),
                Evidence(contextRows: 39, references: 0, ownRecord: false),
            ])
    }

    @Test("scores use values of the request for its prompts and for the rows of its context")
    func scoredWithValues() throws {
        var bench = bench()
        let outcome = try #require(Outcome(k: 1, n: 2))
        let facts = PromptFacts(
            covariates: [Covariate(name: "level", value: .number(3))],
            references: [NamedOutcome(name: "base", outcome: outcome)])
        let rows = try ["a", "b"].map { ContextSet.Row(text: $0, outcome: try #require(Outcome(reward: 1))) }
        let context = try #require(ContextSet(rows))
        let request = RequestScores(
            request: 9, policy: Policy(id: "new"), context: ContextBlock(context), texts: TextBlock(["c"]),
            facts: [facts, facts, PromptFacts()])
        bench.receive(.requestScores(request), from: PlannerBench.trainer)
        let known = try #require(bench.contexts.last)
        #expect(known.schema == SideSchema(references: [.init(name: "base")], numbers: ["level"]))
        #expect(known.rows.map(\.side.numbers) == [[3], []])
        #expect(known.rows.map(\.side.references.count) == [1, 0])
        #expect(scores(bench)?.evidence == [Evidence(contextRows: 2, references: 1, ownRecord: false)])
    }

    @Test(
        "scores with references that cannot be used are refused in words",
        arguments: [
            (["nobody"], "no outcomes are kept"), (["p"], "the policy itself"), (["r", "r"], "again"),
        ])
    func refusedScores(references: [String], message: String) {
        var bench = bench()
        let request = RequestScores(
            request: 9, policy: Policy(id: "p"), texts: TextBlock(["prompt 3"]), references: references)
        bench.receive(.requestScores(request), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .invalid && scores(bench) == nil)
        #expect(bench.refusal()?.message.contains(message) == true, "\(bench.refusal()?.message ?? "")")
    }

    @Test("scores without references have no side information and no evidence")
    func plainScores() {
        var bench = bench()
        let request = RequestScores(request: 9, policy: Policy(id: "p"), texts: TextBlock(["prompt 3"]))
        bench.receive(.requestScores(request), from: PlannerBench.trainer)
        #expect(bench.contexts.last?.schema.isEmpty == true && scores(bench)?.evidence.isEmpty == true)
    }
}
