import Evaluation
import Foundation
import Scoring
import Testing

@Suite("Evaluation comparison")
struct EvaluationComparisonTests {
    private static func compared(
        _ heads: [EvaluatedHead], _ source: EvaluationSource, _ options: EvaluationOptions
    ) throws -> EvaluationComparison {
        try Evaluator(heads: heads, options: options).evaluate([source]).comparison
    }

    /// 0, 1/8 … 1.
    private static func rate(_ number: Int) -> Double { Double((number * 7) % 9) / 8 }

    @Test("a smaller context is the beginning of the larger one, queries are the same, and texts are embedded once")
    func sizes() throws {
        let model = TableModel { Float($0 % 2) }
        let other = TableModel { _ in 0.5 }
        let options = try EvaluationOptions(contextSizes: [64, 8, 8, 16], seeds: 2)
        let heads = [EvaluatedHead(name: "one", model: model), EvaluatedHead(name: "two", model: other)]
        let source = try SampleSources.numbers(policies: [Policy(id: "a")])
        let comparison = try Self.compared(heads, source, options)
        #expect(comparison.sizes.map(\.contextSize) == [8, 16, 64])
        #expect(model.contexts.map(\.rows.count) == [8, 16, 64, 8, 16, 64])
        for draw in [0, 3] {
            let largest = model.contexts[draw + 2].rows.map(\.text)
            for size in 0..<2 {
                let rows = model.contexts[draw + size].rows.map(\.text)
                #expect(rows == Array(largest.prefix(rows.count)))
            }
        }
        #expect(Set(model.queries.map(Set.init)).count == 1)
        #expect(Set(model.embedded).count == model.embedded.count && other.embedded.isEmpty)
        #expect(other.contexts.map(\.digest) == model.contexts.map(\.digest))
    }

    @Test(
        "the gain is paired with the reference by draw, with its error over policies; without a reference there is none"
    )
    func gain() throws {
        let policies = ["a", "b", "c"].map { Policy(id: $0) }
        // Policy c fails where the others succeed, so the head that knows the parity is wrong about it.
        let source = try SampleSources.numbers(policies: policies) { policy, number in
            Double((number + (policy.id == "c" ? 1 : 0)) % 2)
        }
        let heads = [
            EvaluatedHead(name: "parity", model: TableModel { Float($0 % 2) }),
            EvaluatedHead(name: Predictor.reference, model: TableModel { _ in 0.5 }),
        ]
        let options = try EvaluationOptions(contextSizes: [30])
        let comparison = try Self.compared(heads, source, options)
        #expect(comparison.reference == Predictor.reference)
        let parity = comparison.sizes[0].predictors[0]
        let gain = try #require(parity.mean.gain)
        let error = try #require(parity.sources[0].gainStandardError)
        // AUC 1, 1 and 0 by policy, against 0.5.
        #expect(abs(gain - 1.0 / 6) < 1e-12)
        #expect(abs(error - 1.0 / 3) < 1e-12)
        let alone = try Self.compared([heads[0]], source, options)
        #expect(alone.reference == nil && alone.sizes[0].predictors.allSatisfy { $0.mean.gain == nil })
    }

    @Test("the oracle is the mean of the other policies, whose versions count as one; a single policy has no oracle")
    func oracle() throws {
        let many = [Policy(id: "a"), Policy(id: "b", version: 1), Policy(id: "b", version: 2), Policy(id: "c")]
        let source = try SampleSources.numbers(policies: many) { policy, number in
            // The two versions of b disagree with a and c; counted as two they would outvote them.
            Double((number + (policy.id == "b" ? 1 : 0)) % 2)
        }
        let heads = [EvaluatedHead(name: "one", model: TableModel { _ in 0.5 })]
        let options = try EvaluationOptions(contextSizes: [30], seeds: 1)
        let compared = try Self.compared(heads, source, options)
        let found = try #require(compared.sizes[0].predictors.first { $0.kind == .oracle })
        // Of a: b and c tie; of b: a and c are both wrong; of c: a and b tie.
        let auc = try #require(found.mean.auc)
        let expected = (0.5 + 0.0 + 0.0 + 0.5) / 4
        #expect(abs(auc - expected) < 1e-12)
        let lonely = try Self.compared(
            heads, SampleSources.numbers(policies: Array(many[1...2])), options)
        #expect(lonely.sizes[0].predictors.allSatisfy { $0.kind != .oracle })
    }

    @Test("logistic regression and ten neighbours use the embedding where its width is given")
    func baselines() throws {
        let source = try SampleSources.numbers(policies: [Policy(id: "a")])
        let heads = [EvaluatedHead(name: "one", model: TableModel { _ in 0.5 })]
        for columns in [2, nil] {
            let options = try EvaluationOptions(contextSizes: [40], embeddingColumns: columns)
            let predictors = try Self.compared(heads, source, options).sizes[0].predictors
            for name in ["logistic", "knn10"] {
                #expect(predictors.first { $0.name == name }?.mean.auc == (columns == nil ? nil : 1))
            }
        }
    }

    /// Golden values: the same loss minimised by SciPy 1.17.1 (BFGS, gradient below 1e-9) on the same columns.
    @Test("logistic regression on rates agrees with SciPy's minimiser")
    func logisticAgrees() throws {
        let source = try SampleSources.numbers(policies: [Policy(id: "a")], n: 40) { _, number in
            Self.rate(number) * 0.6 + (number % 2 == 1 && number % 3 > 0 ? 0.4 : 0)
        }
        let heads = [EvaluatedHead(name: "one", model: TableModel { _ in 0.5 })]
        let options = try EvaluationOptions(contextSizes: [100], seeds: 1, embeddingColumns: 2)
        let predictors = try Self.compared(heads, source, options).sizes[0].predictors
        let figures = try #require(predictors.first { $0.name == "logistic" }).mean
        let brierError = abs(try #require(figures.brier) - 0.063751671764)
        let lossError = abs(try #require(figures.logLoss) - 0.649408768499)
        print("logistic regression against SciPy: error of the Brier score \(brierError), of the log loss \(lossError)")
        #expect(brierError < 1e-7 && lossError < 1e-7)
    }

    @Test("plans on true rates have the oracle's value, on a constant no gain; single rollouts are not planned")
    func budgets() throws {
        let heads = [
            EvaluatedHead(name: "truth", model: TableModel { Float(Self.rate($0)) }),
            EvaluatedHead(name: "constant-p", model: TableModel { _ in 0.4 }),
        ]
        let options = try EvaluationOptions(contextSizes: [30], seeds: 2, budget: .init())
        let source = try SampleSources.numbers(policies: [Policy(id: "a")], n: 8) { Self.rate($1) }
        let comparison = try Self.compared(heads, source, options)
        #expect(comparison.budgets.count == 2)
        let truth = try #require(comparison.budgets.first { $0.predictor == "truth" })
        #expect(abs(truth.meanAlone.share - 1) < 1e-9 && truth.meanAlone.standardError == 0)
        #expect(truth.oracleGain > 0.1 && truth.versions.map(\.prompts) == [100])
        let constant = try #require(comparison.budgets.first { $0.predictor == "constant-p" })
        // Its beliefs are all equal, so prompts get rollouts by chance, and there is no gain beyond chance.
        #expect(abs(constant.belief.share) < 0.05)
        let single = try Self.compared(
            heads, SampleSources.numbers(policies: [Policy(id: "a")]), options)
        #expect(single.budgets.isEmpty)
    }

    @Test("the tables have every predictor at every size, and realised budgets")
    func tables() throws {
        let source = try SampleSources.numbers(policies: [Policy(id: "a")], n: 8) { Self.rate($1) }
        let heads = [
            EvaluatedHead(name: "compact", model: TableModel { Float(Self.rate($0)) }),
            EvaluatedHead(name: Predictor.reference, model: TableModel { _ in 0.5 }),
        ]
        let options = try EvaluationOptions(contextSizes: [16, 32], embeddingColumns: 2, budget: .init())
        let comparison = try Self.compared(heads, source, options)
        let lines = ComparisonTable(comparison).description.split(separator: "\n")
        // Two tables with a header, a rule, and six predictors at two sizes.
        #expect(lines.count == 2 * (2 + 2 * 6))
        #expect(lines[0].contains("gain over gaussian-process"))
        #expect(lines[2].hasPrefix("16") && lines[2].contains("compact") && lines[2].contains("1.0000"))
        let budgets = BudgetTable(comparison).description.split(separator: "\n")
        #expect(budgets.count == 3 + 4 && budgets[0].contains("8 rollouts per prompt on average, 4…32 each"))
    }

    @Test("head names are rejected where they are missing, repeated, or a baseline's")
    func names() throws {
        let model = TableModel { _ in 0.5 }
        let options = try EvaluationOptions()
        for (names, refused) in [([], ""), (["a", "a"], "a"), (["knn10"], "knn10"), ([""], "")] {
            #expect(throws: EvaluationError.headName(refused)) {
                try Evaluator(heads: names.map { EvaluatedHead(name: $0, model: model) }, options: options)
            }
        }
        #expect(throws: EvaluationError.optionOutOfRange(name: "largest budget", value: 4, range: "8…1024")) {
            try EvaluationOptions.BudgetRange(mean: 8, minimum: 4, maximum: 4)
        }
        #expect(throws: EvaluationError.optionOutOfRange(name: "number of context sizes", value: 0, range: "1…1000")) {
            try EvaluationOptions(contextSizes: [])
        }
    }
}
