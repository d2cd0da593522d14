public import ArgumentParser
import CommandSupport
import Foundation
public import Routing

/// Shows quality against cost for every setting of a rule.
extension Route {
    /// `statezero route sweep`.
    struct Sweep: ParsableCommand {
        static let configuration = CommandConfiguration(
            "sweep", "Shows quality against cost for every setting of a rule, computed from logged decisions.",
            example: "statezero route sweep --decisions out/route-state/decisions.jsonl --plot out/sweep.svg",
            details: """
                Quality is the expected success by the predictions, or with --outcomes the realised success; then \
                random routing, the best single model and an oracle are shown too.
                """)

        @OptionGroup var files: DecisionFiles
        @OptionGroup var realised: RealisedOutcomes

        @Option(help: "Rule to sweep.")
        var rule: RouteCalibration.Kind = .weighted

        @Option(help: "SVG file for a plot.")
        var plot: String?

        @OptionGroup var report: ReportOptions

        func run() throws {
            let table = try files.load().table(rewards: try realised.rewards())
            let sweep =
                try rule == .weighted
                ? RouteSweep(table) : RouteSweep(table, rule: { .target($0) }, settings: RouteSweep.targets)
            if let plot {
                let title = "\(table.prompts) prompts, \(table.models.count) models, \(rule.rawValue) rule"
                try writeFile(CurvePlot(title: title, curves: RouteStudyCurves(sweep)).svg, to: plot)
            }
            let result = SweepReport(
                prompts: table.prompts, models: table.models, metrics: RouteMetrics(sweep),
                points: sweep.curve.points, singles: sweep.singles)
            try report.show(result) { result.text }
        }
    }
}

/// The points and metrics of a sweep; the property names are the keys of `--json`.
private struct SweepReport: Encodable {
    let prompts: Int
    let models: [String]
    let metrics: RouteMetrics
    let points: [RoutePoint]
    let singles: [RoutePoint]

    var text: String {
        var lines = ["setting    $/1000  quality  share by model (\(models.joined(separator: ", ")))"]
        lines += points.map { point in
            String(format: "%7.5f  %8.4f  %7.4f  ", point.parameter ?? 0, point.cost * 1000, point.quality)
                + point.shares.map { String(format: "%.3f", $0) }.joined(separator: " ")
        }
        lines.append("every prompt to one model:")
        lines += singles.map {
            String(format: "         %8.4f  %7.4f  ", $0.cost * 1000, $0.quality) + $0.label
        }
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

extension RouteCalibration.Kind: ExpressibleByArgument {}
