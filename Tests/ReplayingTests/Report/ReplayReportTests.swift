import Foundation
import Replaying
import Scoring
import Testing

@Suite("Replay report")
struct ReplayReportTests {
    private static func report() throws -> ReplayReport {
        let log = try SampleLogs.run(prompts: 40, versions: [1, 2, 3, 4]) { _, prompt in [0, 2, 4, 8][prompt % 4] }
        let options = SampleLogs.options { $0.seeds = 1 }
        return try ReplayStudy(model: NumberModel { Float($0 % 5) / 5 }, options: options).run([log])
    }

    @Test("the JSON has the documented keys")
    func keys() throws {
        let data = try JSONEncoder().encode(try Self.report())
        let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(Set(root.keys) == ["model", "options", "sources", "known_rates"])
        let source = try #require((root["sources"] as? [[String: Any]])?.first)
        #expect(
            Set(source.keys) == [
                "source", "mode", "policies", "versions", "prompts", "visits", "visits_without_record",
                "visits_without_later", "visits_without_references", "truth", "truth_rollouts", "parts", "known_rates",
            ])
        let part = try #require((source["parts"] as? [[String: Any]])?.first)
        let line = try #require((part["lines"] as? [[String: Any]])?.first)
        let keys: Set = [
            "policy", "belief", "groups", "spent", "signal_groups", "silent_groups", "utility", "realised_utility",
            "prompt_tokens_estimated", "beyond_log",
        ]
        #expect(keys.isSubset(of: line.keys))
    }

    @Test("the table starts with model, options and a summary of each source, and has one line per strategy")
    func table() throws {
        let report = try Self.report()
        let blocks = ReplayTable(report).description.components(separatedBy: "\n\n")
        #expect(
            blocks[0].hasSuffix(
                "8 rollouts per prompt in 4…32, expectedContrast, steps of at most 20 prompts, 16 context rows, 1 seeds"
            ))
        #expect(
            blocks[1].hasPrefix(
                "run: 80 visits of 40 prompts by 1 policies, 2 versions; versions in order; truth: the rate's posterior "
                    + "given 16 logged rollouts each; left out: visits 40 of which nothing was known before, "
                    + "40 followed by too few visits"))
        let lines = blocks[2].split(separator: "\n")
        #expect(lines[0] == "all visits" && lines[1].hasPrefix("policy  ") && lines[2].allSatisfy { $0 == "-" })
        #expect(lines.contains { $0.hasPrefix("DAPO filter     none ") })
        #expect(lines.last?.hasPrefix("ours from own record, gain over ours blind: ") == true)
    }

    @Test("known rates and verdicts are about every source and the generated rates")
    func solvers() throws {
        let report = try Self.report()
        #expect(report.knownRates.map(\.prompts) == [3200, 3200, 3200])
        #expect(report.knownRates.allSatisfy { ($0.advantage ?? 0) > 0.2 && $0.rollouts == 16 * $0.prompts })
        let verdicts = report.verdicts
        #expect(verdicts.count { $0.claim == .solver } == 4)
        #expect(verdicts.count { $0.claim == .oracleShare } == 1)
        #expect(verdicts.filter { $0.claim == .solver }.allSatisfy { $0.isShown == ($0.value >= 0.2) })
    }

    @Test("the plot has a panel for each kind of visits but not for all of them together")
    func plot() throws {
        let svg = ReplayPlot(try Self.report()).svg
        #expect(svg.contains("run: second visit") && svg.contains("run: third visit on"))
        #expect(!svg.contains("run: all visits"))
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1140.0\" height=\""))
    }
}
