import Evaluation
import PredictionMetrics
import Scoring
import Testing

@Suite("Figures of predictors")
struct PredictorFiguresTests {
    private static func head(_ source: EvaluationSource, _ answer: @escaping (Int) -> Float) throws -> PredictorFigures
    {
        let options = try EvaluationOptions(contextSizes: [40], seeds: 2)
        let report = try Evaluator(model: TableModel(answer: answer), options: options).evaluate([source])
        return try #require(report.comparison.sizes[0].predictors.first).sources[0]
    }

    @Test("beliefs are judged where outcomes are of several rollouts")
    func beliefs() throws {
        let repeated = try Self.head(SampleSources.numbers(n: 8)) { Float($0 % 2) }
        let belief = try #require(repeated.belief)
        #expect(belief.queries == 2 * 100 && belief.coverage >= 0 && belief.coverage <= 1)
        #expect(belief.logLikelihood <= 0 && belief.logLikelihoodOfMean <= 0)
        #expect(try Self.head(SampleSources.numbers(n: 1)) { Float($0 % 2) }.belief == nil)
    }

    @Test("the reliability diagram has all queries of all seeds")
    func reliability() throws {
        let figures = try Self.head(SampleSources.numbers()) { $0 % 2 == 0 ? 0.25 : 0.75 }
        let points = try #require(figures.reliability)
        #expect(points.reduce(0) { $0 + $1.count } == figures.queries && figures.queries == 200)
        #expect(
            points == [.init(prediction: 0.25, score: 0, count: 100), .init(prediction: 0.75, score: 1, count: 100)])
        #expect(abs(try #require(figures.ece) - 0.25) < 1e-9)
        #expect(try #require(figures.eceExpected) > 0)
    }

    @Test("the mean weighs sources equally, and has the sources that have the figure")
    func mean() throws {
        let small = try SampleSources.numbers("small", prompts: 90..<110)
        let skipped = try SampleSources.numbers("skipped", reward: { _, _ in 1 })
        let large = try SampleSources.numbers("large") { _, number in Double(1 - number % 2) }
        let model = TableModel { Float($0 % 2) }
        let options = try EvaluationOptions(contextSizes: [10], seeds: 1)
        let report = try Evaluator(model: model, options: options).evaluate([small, skipped, large])
        let head = try #require(report.comparison.sizes[0].predictors.first)
        #expect(head.sources.map(\.source) == ["small", "large"])
        #expect(head.sources.map(\.auc) == [1, 0])
        #expect(head.mean.auc == 0.5 && head.mean.sources == 2 && head.mean.queries == 110)
    }
}
