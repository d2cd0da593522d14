import ArgumentParser
import ClientNode
import CommandSupport
import Foundation
import ZeroMQ

/// `statezero-bench rollouts`.
struct RolloutsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "rollouts", "Measures budgets per second: from a coordinator to many rollout workers, and their rewards back.",
        example: "statezero-bench rollouts --workers 20 --prompts 1000",
        details: """
            The coordinator and a table-model worker are processes; the rollout workers are threads of this process, \
            each with its own connection. One step is planned, and rewards are drawn. The ratio at the end is the \
            prompts of the busiest worker divided by those of the least busy.
            """)

    @Option(range: .within(1...1000), help: "Rollout workers.")
    var workers = 200

    @Option(range: .within(1...65_536), help: "Prompts of the step.")
    var prompts = 20_000

    @Option(range: .within(1...256), help: "Assignments of a rollout worker at a time.")
    var slots = 4

    @Option(range: .within(0...60), help: "Mean seconds of a rollout; 0 answers at once.")
    var seconds = 0.0

    @OptionGroup var report: ReportOptions
    @OptionGroup var log: LogOptions

    func run() throws {
        let folder = try BenchmarkFolder()
        defer { withExtendedLifetime(folder) {} }
        let logger = log.logger("statezero.bench")
        let cluster = try LocalCluster(
            LocalCluster.Configuration(
                program: try OwnProgram.statezero, workers: 1, threadsPerWorker: 1, model: ["--model", "table"],
                journal: folder.path + "/journal.sqlite", logLevel: log.level), logger: logger)
        defer { cluster.stop() }
        var load = RolloutLoad(coordinator: try Endpoint(cluster.endpoint))
        (load.workers, load.prompts, load.slots, load.seconds) = (workers, prompts, slots, seconds)
        let result = try load.run(logger: logger)
        let figures = Figures(load, result)
        try report.show(figures) { figures.text(ratio: result.unfairness) }
    }

    private struct Figures: Encodable {
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

        init(_ load: RolloutLoad, _ result: RolloutLoad.Result) {
            (workers, prompts, rollouts, status) = (load.workers, load.prompts, result.rollouts, result.status)
            first_budget_seconds = result.firstBudget
            plan_end_seconds = result.planEnd
            last_group_seconds = result.lastGroup
            budgets_per_second = Double(load.prompts) / (result.lastGroup - result.firstBudget)
            prompts_least = result.shares.first ?? 0
            prompts_most = result.shares.last ?? 0
        }

        func text(ratio: Double) -> String {
            String(
                format: """
                    %d prompts, %d rollouts, %d rollout workers, plan %@, journal on
                    first budget after %.3f s, whole plan after %.3f s, last group after %.3f s
                    %.0f budgets per second, rolled out and recorded
                    prompts of a rollout worker: %d to %d, ratio %.2f
                    """, prompts, rollouts, workers, status, first_budget_seconds, plan_end_seconds,
                last_group_seconds, budgets_per_second, prompts_least, prompts_most, ratio)
        }
    }
}
