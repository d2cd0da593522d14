import ArgumentParser
import CommandSupport
import Corpora
import Routing
import Scoring

/// `--decisions` and `--outcomes`: decisions of `route decide` or `route serve`, and what became of them.
struct DecisionFiles: ParsableArguments {
    @Option(parsing: .upToNextOption, help: "Decisions of `route decide`, or the log of `route serve`; JSONL files.")
    var decisions: [String]

    /// Reads all files. Decisions without predictions are left out, and counted on standard error.
    func load() throws -> DecisionTable {
        var lines: [Substring] = []
        for path in decisions {
            let text = String(decoding: try readFile(path), as: UTF8.self)
            lines += text.split(separator: "\n", omittingEmptySubsequences: false)
        }
        let table = try DecisionTable(lines: lines, path: decisions.joined(separator: ", "))
        if table.leftOut > 0 { printError("\(table.leftOut) decisions have no predictions and are not used") }
        return table
    }
}

/// `--outcomes` of `route sweep` and `route calibrate`.
struct RealisedOutcomes: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help:
            "Outcomes of the same prompts: prompt_id, policy_id (the fleet's model name), reward. Default: predictions."
    )
    var outcomes: [String] = []

    /// Rewards by prompt id and model; `nil` without files.
    func rewards() throws -> [String: [String: Double]]? {
        guard !outcomes.isEmpty else { return nil }
        var rewards: [String: [String: Double]] = [:]
        var history = try HistoryCorpus(files: outcomes)
        while let element = try history.next() {
            guard case .row(let row) = element, let id = row.promptID else { continue }
            rewards[id, default: [:]][row.policy.id] = row.outcome.reward
        }
        return rewards
    }
}
