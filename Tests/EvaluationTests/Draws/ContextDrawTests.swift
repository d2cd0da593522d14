import Evaluation
import Scoring
import Testing

/// Draws are seen through the contexts and queries that a model is given.
@Suite("Draws of contexts")
struct ContextDrawTests {
    private static func drawn(_ source: EvaluationSource, seeds: Int = 1, rows: Int = 20) throws -> TableModel {
        let model = TableModel { Float($0 % 2) }
        let options = try EvaluationOptions(contextSizes: [rows], seeds: seeds)
        _ = try Evaluator(model: model, options: options).evaluate([source])
        return model
    }

    @Test("policies with outcomes on the same prompts are profiled on the same prompts")
    func sharedPrompts() throws {
        let model = try Self.drawn(SampleSources.numbers(policies: ["a", "b", "c"].map { Policy(id: $0) }))
        #expect(model.contexts.count == 3)
        #expect(Set(model.contexts.map { Set($0.rows.map(\.text)) }).count == 1)
        #expect(Set(model.queries).count == 1)
    }

    @Test("a policy's draw does not depend on other policies of the source")
    func independence() throws {
        let alone = try Self.drawn(SampleSources.numbers(policies: [Policy(id: "b")]))
        let among = try Self.drawn(SampleSources.numbers(policies: [Policy(id: "a"), Policy(id: "b")]))
        #expect(among.contexts[1].digest == alone.contexts[0].digest)
    }

    @Test("every seed draws other rows, and the same seed the same rows")
    func seeds() throws {
        let source = try SampleSources.numbers()
        let first = try Self.drawn(source, seeds: 4)
        #expect(Set(first.contexts.map(\.digest)).count == 4)
        #expect(try Self.drawn(source, seeds: 4).contexts.map(\.digest) == first.contexts.map(\.digest))
    }

    @Test("a policy with fewer rows than requested uses all of them")
    func fewRows() throws {
        let source = try SampleSources.numbers(role: { $0 < 12 ? .context : .query })
        #expect(try Self.drawn(source, rows: 64).contexts.map(\.rows.count) == [12])
    }
}
