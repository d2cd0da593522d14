import ArgumentParser
import ClientNode
import Foundation
import Logging
import RolloutNode
import ZeroMQ

extension Benchmark {
    /// `statezero bench rollouts`.
    struct Rollouts: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rollouts",
            abstract: "Budgets a second from a coordinator to many rollout workers and their rewards back.",
            discussion: """
                A coordinator and a table-model worker as processes, rollout workers as threads of this one, each with its \
                own connection. One step; rewards are drawn. Fairness: prompts of the busiest by those of the idlest.
                """)

        @Option(help: "Rollout workers.")
        var workers = 200

        @Option(help: "Prompts of the step.")
        var prompts = 20_000

        @Option(help: "Assignments that a rollout worker has at a time.")
        var slots = 4

        @Option(help: "Mean seconds of a rollout; 0 answers at once.")
        var seconds = 0.0

        @Flag(help: "Print one JSON object.")
        var json = false

        @OptionGroup var log: LogOptions

        func validate() throws {
            if workers < 1 || workers > 1000 { throw ValidationError("--workers \(workers): from 1 to 1000") }
            if prompts < 1 || prompts > 65_536 { throw ValidationError("--prompts \(prompts): from 1 to 65536") }
            if slots < 1 || slots > 256 { throw ValidationError("--slots \(slots): from 1 to 256") }
            if !(seconds >= 0 && seconds <= 60) { throw ValidationError("--seconds \(seconds): from 0 to 60") }
        }

        func run() throws {
            let folder = try BenchmarkFolder()
            defer { withExtendedLifetime(folder) {} }
            let program =
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
                ?? CommandLine.arguments[0]
            do {
                let logger = log.logger("statezero.bench")
                let cluster = try LocalCluster(
                    LocalCluster.Configuration(
                        program: program, workers: 1, threadsPerWorker: 1, model: ["--model", "table"],
                        journal: folder.path + "/journal.sqlite", logLevel: log.logLevel.rawValue), logger: logger)
                defer { cluster.stop() }
                var load = RolloutLoad(coordinator: try Endpoint(cluster.endpoint))
                (load.workers, load.prompts, load.slots, load.seconds) = (workers, prompts, slots, seconds)
                try report(load.run(logger: logger))
            } catch {
                throw CommandFailure(error)
            }
        }

        private func report(_ result: RolloutLoad.Result) throws {
            let span = result.lastGroup - result.firstBudget
            let rate = Double(prompts) / span
            let (least, most) = (result.shares.first ?? 0, result.shares.last ?? 0)
            if json {
                return try printJSON(
                    Summary(
                        workers: workers, prompts: prompts, rollouts: result.rollouts, status: result.status,
                        first_budget_seconds: result.firstBudget, plan_end_seconds: result.planEnd,
                        last_group_seconds: result.lastGroup, budgets_per_second: rate, prompts_least: least,
                        prompts_most: most))
            }
            print(
                String(
                    format: """
                        %d prompts, %d rollouts, %d rollout workers, plan %@, journal on
                        first budget after %.3f s, plan whole after %.3f s, last group after %.3f s
                        %.0f budgets a second, rolled out and recorded
                        prompts of a rollout worker: %d to %d, ratio %.2f
                        """, prompts, result.rollouts, workers, result.status, result.firstBudget, result.planEnd,
                    result.lastGroup, rate, least, most, result.unfairness))
        }

        private struct Summary: Encodable {
            let workers: Int
            let prompts: Int
            let rollouts: Int
            let status: String
            let first_budget_seconds: Double
            let plan_end_seconds: Double
            let last_group_seconds: Double
            let budgets_per_second: Double
            let prompts_least: Int
            let prompts_most: Int
        }
    }
}
