import ArgumentParser
import Foundation
import Planning

extension Benchmark {
    /// `statezero bench planning`.
    struct Plans: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "planning",
            abstract:
                "Seconds to plan a million prompts and sixteen million rollouts, and a streamed step, on one core.")

        @Option(help: "Prompts of the large plans.")
        var prompts = PlanningBenchmark().prompts

        @Option(help: "Rollouts a prompt, on average.")
        var mean = PlanningBenchmark().mean

        @Option(help: "Least budget of a prompt.")
        var min = PlanningBenchmark().range.lowerBound

        @Option(help: "Largest budget of a prompt.")
        var max = PlanningBenchmark().range.upperBound

        @Option(help: "expectedContrast, mixedGroupProbability, informationGain or advantageMass.")
        var objective = PlanningBenchmark().objective

        @Option(help: "Measured rounds; the median counts.")
        var rounds = PlanningBenchmark().rounds

        @Flag(help: "Print one JSON object.")
        var json = false

        func validate() throws {
            if prompts < 1 { throw ValidationError("--prompts \(prompts): at least 1") }
            if rounds < 1 { throw ValidationError("--rounds \(rounds): at least 1") }
            if min > max { throw ValidationError("--min \(min) is more than --max \(max)") }
        }

        func run() throws {
            var benchmark = PlanningBenchmark()
            (benchmark.prompts, benchmark.mean, benchmark.range) = (prompts, mean, min...max)
            (benchmark.objective, benchmark.rounds) = (objective, rounds)
            do {
                let report = Report(
                    plans: try PlanningBenchmark.Beliefs.allCases.map { try benchmark.run($0) },
                    streamed: try benchmark.runStreamed())
                if json { try printJSON(report) } else { print(report.text) }
            } catch {
                throw CommandFailure(error)
            }
        }

        private struct Report: Encodable {
            let plans: [PlanningBenchmark.Result]
            let streamed: PlanningBenchmark.StreamedResult

            var text: String {
                let lines = plans.map {
                    String(
                        format:
                            "%@: %d prompts, %d rollouts in %.3f s (%.3f s of processor, %.3f s of that for budgets),"
                            + " gap %.1e, plan %@",
                        $0.beliefs.rawValue, $0.prompts, $0.rollouts, $0.planSeconds, $0.planProcessorSeconds,
                        $0.allocationProcessorSeconds, $0.gap, $0.id)
                }
                let last = String(
                    format:
                        "streamed: %d prompts in %.1f ms, first budget after %.2f ms, %.4f of the utility of one plan",
                    streamed.prompts, streamed.allSeconds * 1e3, streamed.firstBudgetSeconds * 1e3,
                    streamed.utilityShare)
                return (lines + [last]).joined(separator: "\n")
            }
        }
    }
}
