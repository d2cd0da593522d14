import ArgumentParser
import CommandSupport
import Foundation
import Routing

/// Finds the setting of a rule for a wanted cost or quality.
extension Route {
    /// `statezero route calibrate`.
    struct Calibrate: ParsableCommand {
        static let configuration = CommandConfiguration(
            "calibrate", "Finds the setting of a rule for a given cost or quality, from logged decisions.",
            example: "statezero route calibrate --decisions out/route-state/decisions.jsonl --cost-share 0.5",
            details: """
                The cost share is relative to the cost of sending every prompt to the most expensive model. Use some \
                thousand prompts of your own traffic, such as the log of `route serve`: a setting does not transfer to \
                another mix of prompts.
                """)

        @OptionGroup var files: DecisionFiles
        @OptionGroup var realised: RealisedOutcomes
        @OptionGroup(title: "Goal, one of") var goal: CalibrationGoal

        @Option(help: "Rule to calibrate.")
        var rule: RouteCalibration.Kind = .weighted

        @OptionGroup var report: ReportOptions

        func run() throws {
            let table = try files.load().table(rewards: try realised.rewards())
            let found = try RouteCalibration.find(goal.goal, kind: rule, on: table)
            try report.show(found) { "rule: {\(found.rule): \(found.parameter)}" }
            guard !report.json else { return }
            let source = realised.outcomes.isEmpty ? "expected" : "realised"
            printError(
                String(
                    format: "on %d prompts: cost share %.4f, $%.6f per prompt, quality %.4f (%@)", found.prompts,
                    found.costShare, found.cost, found.quality, source))
            for model in table.models { printError(String(format: "  %6.3f  ", found.shares[model] ?? 0) + model) }
        }
    }
}

/// The goal of a calibration: exactly one of three.
struct CalibrationGoal: ParsableArguments {
    @Option(range: .within(0...1), help: "Cost as a share of the most expensive model's.")
    var costShare: Double?

    @Option(range: .atLeast(0), help: "Cost in US dollars per prompt.")
    var cost: Double?

    @Option(range: .within(0...1), help: "Smallest mean success; finds the cheapest setting that reaches it.")
    var quality: Double?

    func validate() throws {
        guard [costShare, cost, quality].compactMap(\.self).count == 1 else {
            throw ValidationError("give exactly one of --cost-share, --cost and --quality")
        }
    }

    var goal: RouteCalibration.Goal {
        if let costShare { return .costShare(costShare) }
        if let cost { return .cost(cost) }
        return .quality(quality ?? 0)
    }
}
