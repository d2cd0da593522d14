import ArgumentParser
import CommandSupport
import Foundation
import Planning

/// `statezero-bench planning`.
struct PlanningCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "planning", "Measures planning on one core: a million prompts at once, and a streamed step of a thousand.",
        example: "statezero-bench planning --prompts 100000 --rounds 3")

    @Option(range: .atLeast(1), help: "Prompts of the large plans.")
    var prompts = PlanningBenchmark().prompts

    @Option(range: .atLeast(1), help: "Mean rollouts per prompt.")
    var mean = PlanningBenchmark().mean

    @Option(range: .atLeast(0), help: "Smallest budget of a prompt.")
    var min = PlanningBenchmark().range.lowerBound

    @Option(range: .atLeast(1), help: "Largest budget of a prompt.")
    var max = PlanningBenchmark().range.upperBound

    @Option(help: "Objective of the plans.")
    var objective = PlanningBenchmark().objective

    @OptionGroup var rounds: RoundOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        if min > max { throw ValidationError("--min \(min) is more than --max \(max)") }
    }

    func run() throws {
        var benchmark = PlanningBenchmark()
        (benchmark.prompts, benchmark.mean, benchmark.range) = (prompts, mean, min...max)
        (benchmark.objective, benchmark.rounds) = (objective, rounds.rounds)
        let figures = Figures(
            plans: try PlanningBenchmark.Beliefs.allCases.map { try benchmark.run($0) },
            streamed: try benchmark.runStreamed())
        try report.show(figures) { figures.text }
    }

    private struct Figures: Encodable {
        let plans: [PlanningBenchmark.Result]
        let streamed: PlanningBenchmark.StreamedResult

        var text: String {
            let lines = plans.map {
                String(
                    format: "%@: %d prompts, %d rollouts in %.3f s (processor time %.3f s, of it allocation %.3f s),"
                        + " gap %.1e, plan %@",
                    $0.beliefs.rawValue, $0.prompts, $0.rollouts, $0.planSeconds, $0.planProcessorSeconds,
                    $0.allocationProcessorSeconds, $0.gap, $0.id)
            }
            let last = String(
                format: "streamed: %d prompts in %.1f ms, first budget after %.2f ms, %.4f of the utility of one plan",
                streamed.prompts, streamed.allSeconds * 1e3, streamed.firstBudgetSeconds * 1e3, streamed.utilityShare)
            return (lines + [last]).joined(separator: "\n")
        }
    }
}
