import ArgumentParser
import CommandSupport
import Foundation
import Routing

/// Applies another rule to logged decisions.
extension Route {
    /// `statezero route replay`.
    struct Replay: ParsableCommand {
        static let configuration = CommandConfiguration(
            "replay", "Applies another rule to logged decisions: shows what changes and what it costs.",
            example: "statezero route replay --decisions out/route-state/decisions.jsonl --beta 0.5")

        @OptionGroup var files: DecisionFiles
        @OptionGroup(title: "Rule, one of") var rule: RuleOptions

        @Option(help: "Model for prompts without predictions. Default: the fleet's first model.")
        var defaultModel: String?

        @OptionGroup var report: ReportOptions

        func validate() throws {
            if try rule.rule() == nil { throw ValidationError("give --beta, --target or --lcb") }
        }

        func run() throws {
            let table = try files.load()
            guard let rule = try rule.rule() else {
                throw CommandFailure("give --beta, --target or --lcb", status: .usage)
            }
            var fallback = 0
            if let defaultModel {
                guard let index = table.models.firstIndex(of: defaultModel) else {
                    let known = table.models.joined(separator: ", ")
                    throw CommandFailure(
                        "--default-model \(defaultModel): not in the decisions; they have \(known)", status: .usage)
                }
                fallback = index
            }
            let result = ReplayedDecisions(table, rule: rule, decisions: table.decide(rule, fallback: fallback))
            try report.show(result) { result.text(models: table.models) }
        }
    }
}

/// Logged decisions beside those of another rule; the property names are the keys of `--json`.
private struct ReplayedDecisions: Encodable {
    let rule: String
    let parameter: Double
    let decisions: Int
    let changed: Int
    let cost_logged: Double
    let cost: Double
    let p_logged: Double
    let p: Double
    let shares_logged: [String: Double]
    let shares: [String: Double]

    init(_ table: DecisionTable, rule: RouteRule, decisions: [RouteDecision]) {
        let new = decisions.map { decision in decision.model.map { table.models[$0] } }
        let old = table.rows.map(\.model)
        func mean(_ names: [String?], _ figure: (DecisionRow.Candidate) -> Double) -> Double {
            zip(table.rows, names).reduce(0) { sum, pair in
                sum + (pair.0.candidates.first { $0.model == pair.1 }.map(figure) ?? 0)
            } / Double(table.rows.count)
        }
        func shares(_ names: [String?]) -> [String: Double] {
            Dictionary(grouping: names.compactMap { $0 }, by: { $0 }).mapValues {
                Double($0.count) / Double(table.rows.count)
            }
        }
        self.rule = rule.name
        parameter = rule.parameter
        self.decisions = table.rows.count
        changed = zip(new, old).count { $0 != $1 }
        cost_logged = mean(old) { $0.cost }
        cost = mean(new) { $0.cost }
        p_logged = mean(old) { Double($0.p ?? 0) }
        p = mean(new) { Double($0.p ?? 0) }
        shares_logged = shares(old)
        self.shares = shares(new)
    }

    func text(models: [String]) -> String {
        let head = [
            "\(decisions) decisions, \(changed) of them change under \(rule) \(parameter)",
            String(format: "logged    $%.6f per prompt, expected success %.4f", cost_logged, p_logged),
            String(format: "replayed  $%.6f per prompt, expected success %.4f", cost, p),
        ]
        let lines = models.map {
            String(format: "  %6.3f -> %6.3f  ", shares_logged[$0] ?? 0, shares[$0] ?? 0) + $0
        }
        return (head + lines).joined(separator: "\n")
    }
}
