import Evaluation
import ReferenceDraws
import Scoring
import Testing

@Suite("Evaluation with references")
struct ReferencesTests {
    private static let policies = ["a", "b", "c", "d"].map { Policy(id: $0) }

    private static func evaluated(
        _ model: TableModel, _ source: EvaluationSource, arms: [ReferenceArm], coverage: Double = 1,
        sizes: [Int] = [20, 40], seeds: Int = 2, known: EvaluationOptions.KnownSources? = nil, most: Int? = nil
    ) throws -> EvaluationReport {
        let options = try EvaluationOptions(
            contextSizes: sizes, seeds: seeds, references: .init(arms: arms, coverage: coverage), known: known,
            policiesMax: most)
        let heads = [EvaluatedHead(name: Predictor.reference, model: model)]
        return try Evaluator(heads: heads, options: options).evaluate([source])
    }

    @Test("every head is evaluated under every arm on the same draws, and only without references it is given none")
    func arms() throws {
        let model = TableModel { Float($0 % 2) }
        let source = try SampleSources.numbers(policies: Self.policies)
        let comparison = try Self.evaluated(model, source, arms: [.none, .others(3)]).comparison
        let names = comparison.sizes[0].predictors.map(\.name)
        #expect(names.prefix(2) == ["gaussian-process", "gaussian-process, others:3"])
        #expect(comparison.sizes[0].predictors.map(\.references).prefix(2) == [nil, "others:3"])
        #expect(comparison.referenceCoverage == 1)
        // Four policies, two seeds, two sizes, two arms.
        #expect(model.contexts.count == 4 * 2 * 2 * 2)
        let (plain, joined) = (model.contexts.filter(\.schema.isEmpty), model.contexts.filter { !$0.schema.isEmpty })
        #expect(plain.count == joined.count)
        #expect(Set(plain.map { $0.rows.map(\.text) }) == Set(joined.map { $0.rows.map(\.text) }))
        for context in joined {
            #expect(context.schema.references.count == 3 && context.pool.count == 200)
            #expect(context.rows.allSatisfy { $0.side.references.count == 3 && $0.side.poolRow != nil })
        }
        #expect(Set(model.embedded).count == model.embedded.count && model.embedded.count == 200)
    }

    @Test("a head that follows its references gains over the same head without them, and is misled by inverted ones")
    func gain() throws {
        // Says what the majority of the references says; without references, one half.
        let model = TableModel { _ in 0.5 }
        model.followsReferences = true
        let source = try SampleSources.numbers(policies: Self.policies)
        let comparison = try Self.evaluated(model, source, arms: [.none, .others(1), .inverted(1), .others(3)])
            .comparison
        for size in comparison.sizes {
            func gain(_ arm: String) -> SpreadEstimate? {
                size.predictors.first { $0.references == arm }?.sources[0].referenceGain
            }
            #expect(gain("others:1")?.value == 0.5 && gain("others:3")?.value == 0.5)
            #expect(gain("inverted:1")?.value == -0.5 && gain("others:1")?.error == 0)
        }
        #expect(comparison.sizes[0].predictors[0].sources[0].referenceGain == nil)
    }

    @Test("an arm that a source has too few policies for is skipped and counted")
    func tooFew() throws {
        let source = try SampleSources.numbers(policies: Array(Self.policies.prefix(2)))
        let report = try Self.evaluated(TableModel { Float($0 % 2) }, source, arms: [.none, .others(3)])
        #expect(report.sources[0].skipped == ["too few references for others:3": 4])
        #expect(report.comparison.sizes[0].predictors.first { $0.references == "others:3" } == nil)
    }

    @Test("a draw of the same rows and queries as an earlier one is predicted once and counts once")
    func repeats() throws {
        let model = TableModel { Float(($0 * 13) % 10) / 10 }
        let source = try SampleSources.numbers { ($1 * 7) % 11 < 5 ? 1 : 0 }
        // The history has 100 rows: three draws of 40, one of 256.
        let comparison = try Self.evaluated(model, source, arms: [.none], sizes: [40, 256], seeds: 3).comparison
        #expect(model.contexts.count == 3 + 1)
        let (small, large) = (comparison.sizes[0].predictors[0], comparison.sizes[1].predictors[0])
        #expect(small.sources[0].contexts == 3 && large.sources[0].contexts == 1)
        #expect(large.sources[0].contextRows == 100 && large.sources[0].queries == 100)
        #expect(large.sources[0].aucStandardError == nil && large.mean.aucStandardError == nil)
        #expect(large.sources[0].draws?.count == 1 && small.sources[0].draws?.map(\.seed) == [0, 1, 2])
    }

    @Test("the standard error joins that over policies with that over draws")
    func standardError() throws {
        // Both the policy and the rows that are drawn decide who is right.
        let model = TableModel { Float(($0 * 13) % 10) / 10 }
        let source = try SampleSources.numbers(
            policies: Self.policies, reward: { ($1 * (7 + $0.id.count + Int($0.id.utf8.first ?? 0))) % 11 < 5 ? 1 : 0 },
            role: { _ in nil })
        let figures = try Self.evaluated(model, source, arms: [.none], seeds: 3).comparison.sizes[0].predictors[0]
            .sources[0]
        let policies = try #require(figures.aucStandardErrorOverPolicies)
        let draws = try #require(figures.aucStandardErrorOverDraws)
        let error = try #require(figures.aucStandardError)
        #expect(policies > 0 && draws > 0)
        #expect(abs(error - (policies * policies + draws * draws).squareRoot()) < 1e-12)
        // By hand, from the draws: deviations of the seeds from the policies' means.
        let found = try #require(figures.draws)
        let means = Dictionary(grouping: found, by: \.policy).mapValues { $0.reduce(0) { $0 + ($1.auc ?? 0) } / 3 }
        let effects = (0..<3).map { seed in
            found.filter { $0.seed == seed }.reduce(0) { $0 + ($1.auc ?? 0) - (means[$1.policy] ?? 0) } / 4
        }
        let variance = effects.reduce(0) { $0 + $1 * $1 } / 2
        #expect(abs(draws - (variance / 3).squareRoot()) < 1e-12)
    }

    @Test("known and new kinds have their own means")
    func known() throws {
        let first = try SampleSources.numbers("first")
        let second = try SampleSources.numbers("second") { _, number in Double(1 - number % 2) }
        let options = try EvaluationOptions(
            contextSizes: [20], seeds: 1, known: .init(sources: ["first", "other"], statedBy: "a test"))
        let report = try Evaluator(model: TableModel { Float($0 % 2) }, options: options).evaluate([first, second])
        let head = report.comparison.sizes[0].predictors[0]
        #expect(head.known?.auc == 1 && head.new?.auc == 0 && head.mean.auc == 0.5)
        #expect(head.known?.sources == 1 && report.comparison.known?.statedBy == "a test")
        let text = "\(ComparisonTable(report.comparison))"
        #expect(text.contains("known AUC") && text.contains("new AUC"))
    }

    @Test("with a limit, the same few policies are evaluated, and references are drawn from all")
    func limit() throws {
        let model = TableModel { Float($0 % 2) }
        let source = try SampleSources.numbers(policies: Self.policies)
        let report = try Self.evaluated(model, source, arms: [.others(3)], most: 2)
        #expect(report.sources[0].policies == 2 && report.comparison.policiesMax == 2)
        #expect(report.comparison.sizes[0].predictors[0].sources[0].contexts == 4)
        #expect(model.contexts.allSatisfy { $0.schema.references.count == 3 })
    }
}
