import Evaluation
import Scoring
import Testing

/// The exact text of the tables for a small source, so that a change of layout is seen.
@Suite("Evaluation tables as text")
struct EvaluationTextTests {
    private static func report() throws -> EvaluationReport {
        let heads = [
            EvaluatedHead(name: "compact", model: TableModel { Float($0 % 2) }),
            EvaluatedHead(name: Predictor.reference, model: TableModel { _ in 0.5 }),
        ]
        let options = try EvaluationOptions(contextSizes: [100], seeds: 1, budget: .init())
        let source = try SampleSources.numbers("parity", n: 8)
        return try Evaluator(heads: heads, options: options).evaluate([source])
    }

    @Test("the table of sources")
    func sources() throws {
        #expect(
            EvaluationTable(try Self.report()).description == """
                source  policies  rows  queries     AUC  ±  Spearman     ECE   Brier  constant  length  knn10
                ---------------------------------------------------------------------------------------------
                parity         1   100      100  1.0000  –    1.0000  0.0000  0.0000    0.5000  0.5000      –
                ---------------------------------------------------------------------------------------------
                mean           1   100      100  1.0000  –    1.0000  0.0000  0.0000    0.5000  0.5000      –
                """)
    }

    @Test("the comparison of predictors")
    func comparison() throws {
        let lines = ComparisonTable(try Self.report().comparison).description.split(separator: "\n")
        #expect(
            lines[0].split(separator: " ").prefix(4) == ["rows", "predictor", "AUC", "±"]
                && lines[0].contains("gain over gaussian-process"))
        #expect(lines[2].split(separator: " ").prefix(6) == ["100", "compact", "1.0000", "–", "+0.5000", "–"])
        #expect(lines[3].split(separator: " ").prefix(6) == ["100", "gaussian-process", "0.5000", "–", "0.0000", "–"])
        #expect(lines.last?.split(separator: " ") == ["100", "constant", "0.5000"])
    }

    @Test("the table of budgets")
    func budgets() throws {
        let lines = BudgetTable(try Self.report().comparison).description.split(separator: "\n")
        #expect(
            lines[0]
                == "realised share of the way from uniform to oracle; 8 rollouts per prompt on average, 4…32 each")
        #expect(lines[1].hasPrefix("source"))
    }
}
