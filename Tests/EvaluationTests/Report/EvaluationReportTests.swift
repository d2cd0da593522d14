import Evaluation
import Foundation
import Scoring
import Testing

@Suite("Evaluation report")
struct EvaluationReportTests {
    private static func report() throws -> EvaluationReport {
        let rows = try (0..<80).map { number in
            let outcome = Outcome(reward: Double(number % 2))
            return EvaluationSource.Row(
                policy: Policy(id: "a"), promptID: "\(number)", outcome: try #require(outcome),
                role: number < 40 ? .context : .query)
        }
        let source = try EvaluationSource(
            name: "numbers", prompts: Dictionary(uniqueKeysWithValues: (0..<80).map { ("\($0)", "t\($0)") }),
            rows: rows)
        let rare = try EvaluationSource(name: "rare", prompts: source.prompts, rows: Array(rows.prefix(40)))
        return try Evaluator(
            model: TableModel { Float($0 % 2) }, options: try EvaluationOptions(contextSizes: [20], embeddingColumns: 2)
        )
        .evaluate([source, rare])
    }

    @Test("the JSON has the documented keys, and decodes to the same report")
    func json() throws {
        let report = try Self.report()
        let data = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(EvaluationReport.self, from: data) == report)
        let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let sources = try #require(root["sources"] as? [[String: Any]])
        let mean = try #require(root["mean"] as? [String: Any])
        #expect(sources.count == 2)
        let keys: Set = [
            "source", "policies", "queries", "intra_context_auc", "stderr", "gauc", "ece", "brier", "baselines",
        ]
        for figures in [sources[0], mean] {
            #expect(keys.isSubset(of: figures.keys))
            let baselines = try #require(figures["baselines"] as? [String: Any])
            #expect(Set(baselines.keys) == ["constant", "length", "knn10"])
        }
        // A source that was skipped has counts and no invented figures.
        #expect(sources[1]["intra_context_auc"] == nil && sources[1]["queries"] as? Int == 0)
    }

    @Test("the table has a line per source, the mean, and reasons for skipped contexts, in 120 columns")
    func table() throws {
        let lines = EvaluationTable(try Self.report()).description.split(separator: "\n")
        #expect(lines[0].hasPrefix("source"))
        #expect(lines[2].hasPrefix("numbers") && lines[2].contains("1.0000"))
        #expect(lines[3].hasPrefix("rare") && lines[3].contains("–"))
        #expect(lines[5].hasPrefix("mean"))
        #expect(lines[6] == "rare: 3 contexts skipped, no query rows")
        #expect(lines.allSatisfy { $0.count <= 120 })
    }
}
