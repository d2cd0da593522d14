import Evaluation
import Foundation
import Scoring
import Testing

@Suite("Evaluator")
struct EvaluatorTests {
    @Test("a perfect model has AUC 1, a constant one 0.5, a reversed one 0")
    func auc() throws {
        for (answer, expected) in [({ Float($0 % 2) }, 1.0), ({ _ in 0.3 }, 0.5), ({ Float(1 - $0 % 2) }, 0.0)]
            as [((Int) -> Float, Double)]
        {
            let evaluator = Evaluator(model: TableModel(answer: answer), options: try EvaluationOptions())
            let report = try evaluator.evaluate([try SampleSources.numbers()])
            #expect(report.sources[0].intraContextAUC == expected)
            #expect(report.mean.intraContextAUC == expected)
            #expect(report.mean.groupAUC == expected)
        }
    }

    @Test("the report has the Brier score and calibration error of the predictions and of the base rate")
    func calibration() throws {
        let evaluator = Evaluator(
            model: TableModel { $0 % 2 == 0 ? 0.25 : 0.75 }, options: try EvaluationOptions())
        let figures = try evaluator.evaluate([try SampleSources.numbers()]).sources[0]
        #expect(abs(try #require(figures.brier) - 0.0625) < 1e-9)
        #expect(abs(try #require(figures.ece) - 0.25) < 1e-9)
        #expect(abs(try #require(figures.constantBrier) - 0.25) < 0.02)
        #expect(try #require(figures.constantECE) < 0.1)
    }

    @Test("context rows have the role context, queries have the role query, and each text is embedded once")
    func roles() throws {
        let model = TableModel { Float($0 % 2) }
        let policies = [Policy(id: "a"), Policy(id: "b", version: 1), Policy(id: "b", version: 2)]
        let evaluator = Evaluator(model: model, options: try EvaluationOptions(contextSizes: [30], seeds: 2))
        let report = try evaluator.evaluate([
            try SampleSources.numbers(policies: policies), try SampleSources.numbers("again"),
        ])
        #expect(model.contexts.count == 8)
        for context in model.contexts {
            #expect(context.rows.count == 30)
            #expect(context.rows.allSatisfy { Int($0.text.dropFirst()).map { $0 < 100 } ?? false })
        }
        #expect(model.queries.allSatisfy { Set($0) == Set(100..<200) })
        #expect(Set(model.embedded).count == model.embedded.count)
        #expect(model.contexts[0].digest == model.contexts[1].digest)
        #expect(model.contexts[0].digest != model.contexts[3].digest)
        let figures = report.sources[0]
        #expect(figures.policies == 2 && figures.contexts == 6 && figures.queries == 600)
        #expect(report.mean.policies == 3 && report.mean.queries == 800)
    }

    @Test("the report does not depend on the order of rows")
    func order() throws {
        let source = try SampleSources.numbers(reward: { ($1 * 7) % 5 < 2 ? 1 : 0 })
        let shuffled = try EvaluationSource(
            name: source.name, prompts: source.prompts, rows: Array(source.rows.reversed()))
        let options = try EvaluationOptions(contextSizes: [20])
        let model = TableModel { Float(($0 * 13) % 10) / 10 }
        let first = try Evaluator(model: model, options: options).evaluate([source])
        #expect(first == (try Evaluator(model: model, options: options).evaluate([shuffled])))
    }

    @Test("without roles the seed splits the prompts, and no context prompt is a query")
    func withoutRoles() throws {
        let model = TableModel { Float($0 % 2) }
        let evaluator = Evaluator(model: model, options: try EvaluationOptions(contextSizes: [4096]))
        _ = try evaluator.evaluate([try SampleSources.numbers(role: { _ in nil })])
        #expect(model.contexts.count == 3)
        for (context, queries) in zip(model.contexts, model.queries) {
            let known = Set(context.rows.compactMap { Int($0.text.dropFirst()) })
            #expect(known.isDisjoint(with: queries))
            #expect(known.count + queries.count == 200)
            #expect(known.count > 60 && known.count < 140)
        }
        #expect(Set(model.contexts.map(\.digest)).count == 3)
    }

    @Test("a query whose text is in the context under another id is left out")
    func sameText() throws {
        var prompts = Dictionary(uniqueKeysWithValues: (0..<60).map { ("id\($0)", "t\($0)") })
        prompts["twin"] = "t3"
        let policy = Policy(id: "a")
        var rows = try (0..<60).map { number in
            let outcome = Outcome(reward: Double(number % 2))
            return EvaluationSource.Row(
                policy: policy, promptID: "id\(number)", outcome: try #require(outcome),
                role: number < 30 ? .context : .query)
        }
        let outcome = Outcome(reward: 1)
        rows.append(.init(policy: policy, promptID: "twin", outcome: try #require(outcome), role: .query))
        let model = TableModel { Float($0 % 2) }
        let source = try EvaluationSource(name: "twins", prompts: prompts, rows: rows)
        _ = try Evaluator(model: model, options: try EvaluationOptions()).evaluate([source])
        #expect(model.queries.allSatisfy { !$0.contains(3) && $0.count == 30 })
    }

    @Test("contexts with too few queries of a class are skipped, counted by reason, and not embedded")
    func skipped() throws {
        let model = TableModel { Float($0 % 2) }
        let report = try Evaluator(model: model, options: try EvaluationOptions()).evaluate([
            try SampleSources.numbers("rare", reward: { $1 < 104 ? 1 : 0 }),
            try SampleSources.numbers("queries only", role: { _ in .query }),
            try SampleSources.numbers("context only", role: { _ in .context }),
        ])
        #expect(report.sources[0].skipped == ["too few queries of one class": 3])
        #expect(report.sources[1].skipped == ["no context rows": 3])
        #expect(report.sources[2].skipped == ["no query rows": 3])
        #expect(report.mean.skipped.values.reduce(0, +) == 9)
        #expect(report.mean.intraContextAUC == nil && report.mean.queries == 0)
        #expect(model.embedded.isEmpty)
    }

    @Test("the baseline length uses the context's sign, and ten nearest neighbours find the parity")
    func baselines() throws {
        // Longer prompts fail in the context and in the queries.
        let prompts = Dictionary(
            uniqueKeysWithValues: (0..<200).map { ("id\($0)", "t\($0) " + String(repeating: "x", count: $0 % 50)) })
        let rows = try (0..<200).map { number in
            let outcome = Outcome(reward: number % 50 < 25 ? 1 : 0)
            return EvaluationSource.Row(
                policy: Policy(id: "a"), promptID: "id\(number)", outcome: try #require(outcome),
                role: number < 100 ? .context : .query)
        }
        let lengths = try EvaluationSource(name: "lengths", prompts: prompts, rows: rows)
        let options = try EvaluationOptions(embeddingColumns: 2)
        let report = try Evaluator(model: TableModel { _ in 0.5 }, options: options)
            .evaluate([lengths, try SampleSources.numbers("parity")])
        #expect(try #require(report.sources[0].baselines.length) > 0.99)
        #expect(report.sources[0].baselines.constant == 0.5)
        #expect(report.sources[1].baselines.knn10 == 1)
        let without = try Evaluator(model: TableModel { _ in 0.5 }, options: try EvaluationOptions())
            .evaluate([lengths])
        #expect(without.sources[0].baselines.knn10 == nil)
    }

    @Test("the standard error is over seeds, and one seed has none")
    func standardError() throws {
        let source = try SampleSources.numbers(reward: { ($1 * 7) % 11 < 5 ? 1 : 0 }, role: { _ in nil })
        let model = TableModel { Float(($0 * 13) % 10) / 10 }
        let three = try Evaluator(model: model, options: try EvaluationOptions()).evaluate([source])
        let one = try Evaluator(model: model, options: try EvaluationOptions(seeds: 1)).evaluate([source])
        #expect(try #require(three.sources[0].standardError) > 0)
        #expect(three.mean.standardError == three.sources[0].standardError)
        #expect(one.sources[0].standardError == nil && one.sources[0].intraContextAUC != nil)
    }

    @Test("progress ends with all texts and all contexts")
    func progress() throws {
        var last: Evaluator.Progress?
        let evaluator = Evaluator(
            model: TableModel { Float($0 % 2) }, options: try EvaluationOptions(chunkTexts: 7))
        _ = try evaluator.evaluate([try SampleSources.numbers()]) { last = $0 }
        #expect(last?.embedded == 200 && last?.texts == 200 && last?.predicted == 3 && last?.contexts == 3)
    }

    @Test("invalid input is rejected by name")
    func rejections() throws {
        let outcome = Outcome(reward: 1)
        let row = EvaluationSource.Row(policy: Policy(id: "a"), promptID: "x", outcome: try #require(outcome))
        #expect(throws: EvaluationError.noRows(source: "s")) {
            try EvaluationSource(name: "s", prompts: [:], rows: [])
        }
        #expect(throws: EvaluationError.unknownPrompt(source: "s", promptID: "x")) {
            try EvaluationSource(name: "s", prompts: [:], rows: [row])
        }
        #expect(throws: EvaluationError.repeatedRow(source: "s", policy: Policy(id: "a"), promptID: "x")) {
            try EvaluationSource(name: "s", prompts: ["x": "t1"], rows: [row, row])
        }
        #expect(throws: EvaluationError.optionOutOfRange(name: "context size", value: 5000, range: "1…4096")) {
            try EvaluationOptions(contextSizes: [5000])
        }
        #expect(throws: EvaluationError.embeddingColumns(4, columns: 3)) {
            try Evaluator(
                model: TableModel { _ in 0.5 }, options: try EvaluationOptions(embeddingColumns: 4)
            ).evaluate([try SampleSources.numbers()])
        }
        let model = TableModel { _ in 0.5 }
        model.failure = .kernel("out of memory")
        #expect(throws: EvaluationError.model(source: "numbers", .kernel("out of memory"))) {
            try Evaluator(model: model, options: try EvaluationOptions()).evaluate([try SampleSources.numbers()])
        }
    }
}
