public import ArgumentParser
import CommandSupport
import Corpora
import Foundation
public import Routing
import Scoring

/// Decisions that were written down: by `route decide`, or by `route serve` as its log.
struct DecisionFiles: ParsableArguments {
    @Option(parsing: .upToNextOption, help: "Decisions of `route decide` or the log of `route serve`; JSONL files.")
    var decisions: [String]

    func load() throws -> DecisionTable {
        var lines: [Substring] = []
        for path in decisions {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw CommandFailure("\(path): cannot be read: \(String(cString: strerror(errno)))")
            }
            lines += String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        }
        do {
            let table = try DecisionTable(lines: lines, path: decisions.joined(separator: ", "))
            if table.leftOut > 0 { printError("\(table.leftOut) decisions were made without predictions; left out") }
            return table
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Rewards by prompt id and model, where outcome files are given.
    func rewards(_ files: [String]) throws -> [String: [String: Double]]? {
        guard !files.isEmpty else { return nil }
        var rewards: [String: [String: Double]] = [:]
        var history = try HistoryCorpus(files: files)
        while let element = try history.next() {
            guard case .row(let row) = element, let id = row.promptID else { continue }
            rewards[id, default: [:]][row.policy.id] = row.outcome.reward
        }
        return rewards
    }
}

extension Route {
    /// `statezero route sweep`.
    struct Sweep: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draws quality against cost for every setting of a rule, from decisions that were written down.",
            discussion: """
                Quality is what the predictions expect, or with --outcomes (rows with prompt_id, policy_id and reward, \
                policies called as the fleet's models) what really came out; then random, best single and oracle lines \
                are measured too.
                """)

        @OptionGroup var files: DecisionFiles

        @Option(parsing: .upToNextOption, help: "Outcomes of the same prompts.")
        var outcomes: [String] = []

        @Option(help: "weighted or target.")
        var rule: RouteCalibration.Kind = .weighted

        @Option(help: "File for the plot (SVG).")
        var plot: String?

        @Flag(help: "Print one JSON object instead of a table.")
        var json = false

        func run() throws {
            do {
                let table = try files.load().table(rewards: try files.rewards(outcomes))
                let sweep =
                    try rule == .weighted
                    ? RouteSweep(table)
                    : RouteSweep(table, rule: { .target($0) }, settings: RouteSweep.targets)
                if let plot {
                    let title = "\(table.prompts) prompts, \(table.models.count) models, \(rule.rawValue) rule"
                    let svg = CurvePlot(title: title, curves: RouteStudyCurves(sweep)).svg
                    try Data(svg.utf8).write(to: URL(fileURLWithPath: plot), options: .atomic)
                }
                let report = Report(
                    prompts: table.prompts, models: table.models, metrics: RouteMetrics(sweep),
                    points: sweep.curve.points, singles: sweep.singles)
                if json { try ReportOptions.printJSON(report) } else { print(Self.text(report, sweep)) }
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }

        private struct Report: Encodable {
            let prompts: Int
            let models: [String]
            let metrics: RouteMetrics
            let points: [RoutePoint]
            let singles: [RoutePoint]
        }

        private static func text(_ report: Report, _ sweep: RouteSweep) -> String {
            var lines = ["setting    $/1000  quality  share by model (\(report.models.joined(separator: ", ")))"]
            for point in report.points {
                let shares = point.shares.map { String(format: "%.3f", $0) }.joined(separator: " ")
                lines.append(
                    String(format: "%7.5f  %8.4f  %7.4f  ", point.parameter ?? 0, point.cost * 1000, point.quality)
                        + shares)
            }
            lines.append("every prompt to one model:")
            for single in report.singles {
                lines.append(
                    String(format: "         %8.4f  %7.4f  ", single.cost * 1000, single.quality) + single.label)
            }
            let metrics = report.metrics
            let figure = { (value: Double?) in value.map { String(format: "%.4f", $0) } ?? "-" }
            lines.append(
                "area \(figure(metrics.area))  random \(figure(metrics.areaRandom))  best single"
                    + " \(figure(metrics.areaBestSingle))  hull \(figure(metrics.areaHull))  oracle"
                    + " \(figure(metrics.areaOracle))")
            lines.append(
                "APGR \(figure(metrics.apgr))  CPT50 \(figure(metrics.cpt50))  CPT80 \(figure(metrics.cpt80))"
                    + "  to the oracle \(figure(metrics.oracleDistance))")
            return lines.joined(separator: "\n")
        }
    }

    /// `statezero route calibrate`.
    struct Calibrate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Finds the setting of a rule for a wanted share of cost, or the cheapest for a wanted quality.",
            discussion: """
                The share is of what it costs to send everything to the dearest model. Decide on some thousands of \
                prompts of your own mix first: settings found on one mix drift on another. The log of `route serve` is \
                such a corpus.
                """)

        @OptionGroup var files: DecisionFiles

        @Option(help: "Cost as a share of the dearest model's, in [0, 1].")
        var costShare: Double?

        @Option(help: "US dollars a prompt.")
        var cost: Double?

        @Option(help: "Mean success at least, in [0, 1]; the cheapest setting with it.")
        var quality: Double?

        @Option(
            parsing: .upToNextOption, help: "Outcomes of the same prompts, to calibrate quality on; else predictions.")
        var outcomes: [String] = []

        @Option(help: "weighted or target.")
        var rule: RouteCalibration.Kind = .weighted

        @Flag(help: "Print one JSON object.")
        var json = false

        func validate() throws {
            let goals = [costShare, cost, quality].compactMap { $0 }
            if goals.count != 1 { throw ValidationError("give one of --cost-share, --cost and --quality") }
            if !(costShare.map { 0...1 ~= $0 } ?? true) { throw ValidationError("--cost-share: 0 to 1") }
            if !(quality.map { 0...1 ~= $0 } ?? true) { throw ValidationError("--quality: 0 to 1") }
            if !(cost.map { $0 >= 0 } ?? true) { throw ValidationError("--cost: at least 0") }
        }

        func run() throws {
            do {
                let table = try files.load().table(rewards: try files.rewards(outcomes))
                let found = try RouteCalibration.find(goal, kind: rule, on: table)
                if json { return try ReportOptions.printJSON(found) }
                print("rule: {\(found.rule): \(found.parameter)}")
                printError(
                    String(
                        format: "on %d prompts: cost share %.4f, $%.6f a prompt, quality %.4f (%@)", found.prompts,
                        found.costShare, found.cost, found.quality, outcomes.isEmpty ? "expected" : "realised"))
                for model in table.models { printError(String(format: "  %6.3f  ", found.shares[model] ?? 0) + model) }
            } catch {
                throw CommandFailure(error)
            }
        }

        private var goal: RouteCalibration.Goal {
            if let costShare { return .costShare(costShare) }
            if let cost { return .cost(cost) }
            return .quality(quality ?? 0)
        }
    }

    /// `statezero route replay`.
    struct Replay: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decides again what is in a decision log, under another rule: what changes, and what it costs.")

        @OptionGroup var files: DecisionFiles
        @OptionGroup var rule: RuleOptions

        @Option(help: "The fleet's default model, where nobody has evidence; default: the first.")
        var defaultModel: String?

        @Flag(help: "Print one JSON object.")
        var json = false

        func validate() throws {
            if rule.beta == nil, rule.target == nil { throw ValidationError("give --beta or --target") }
        }

        func run() throws {
            let table = try files.load()
            guard let rule = try rule.rule() else { throw CommandFailure("give --beta or --target", status: .usage) }
            var fallback = 0
            if let defaultModel {
                guard let place = table.models.firstIndex(of: defaultModel) else {
                    throw CommandFailure("--default-model \(defaultModel) is none of \(table.models)", status: .usage)
                }
                fallback = place
            }
            let report = Report(table, rule: rule, decisions: table.decide(rule, fallback: fallback))
            if json { return try ReportOptions.printJSON(report) }
            print(
                "\(report.decisions) decisions, \(report.changed) of them go elsewhere under \(report.rule)"
                    + " \(report.parameter)")
            print(
                String(format: "logged    $%.6f a prompt, expected success %.4f", report.cost_logged, report.p_logged))
            print(String(format: "replayed  $%.6f a prompt, expected success %.4f", report.cost, report.p))
            for model in table.models {
                print(
                    String(format: "  %6.3f -> %6.3f  ", report.shares_logged[model] ?? 0, report.shares[model] ?? 0)
                        + model)
            }
        }

        private struct Report: Encodable {
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
        }
    }
}

extension RouteCalibration.Kind: ExpressibleByArgument {}
