import ArgumentParser
import CommandSupport
import Foundation
import Models
import WorkerNode

/// `statezero tune`.
struct Tune: ParsableCommand {
    static let configuration = CommandConfiguration(
        "tune", "Finds the best number of workers and threads for this machine, and writes it to a file.",
        example: "statezero tune --rounds 1 --seconds 1 --output tuned.json",
        details: """
            Measures every split of the cores into workers and threads, pinned and not pinned. Each measurement runs in \
            new processes and encodes prompts of realistic lengths; the result is the median over rounds. `score` and `worker` \
            read the file. Other load on the machine changes the result.
            """)

    @Option(help: "File to write. Default: .tuned.json in the model's folder.")
    var output: String?

    @Option(range: .atLeast(1), help: "Rounds.")
    var rounds = 5

    @Option(range: .within(0.05...600), help: "Seconds of each measurement.")
    var seconds = 2.0

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        try model.check()
        guard model.place.hasEmbeddings else {
            throw CommandFailure(
                "\(model.name): only sentence-transformers models are tuned; a V0 model uses all cores in one worker",
                status: .usage)
        }
        let machine = WorkerTuning.Machine.current
        let results = try measure(machine)
        guard let best = SplitResult.choice(of: results) else { return }
        let tuning = WorkerTuning(
            machine: machine, workers: best.split.workers, threads: best.split.threads, pin: best.split.pin,
            rowsPerSecond: (best.median * 10).rounded() / 10)
        let file = output ?? TuningOptions.defaultFile(model)
        try tuning.write(file)
        try report.show(Summary(file: file, chosen: tuning, measured: results.map(Measured.init))) {
            let lines = results.map { "\($0.split == best.split ? "*" : " ") \($0)" }
            return (["\(machine)"] + lines + ["written to \(file)"]).joined(separator: "\n")
        }
    }

    /// Measures every split once per round, in turn, so that all see the same changes of the machine's load.
    private func measure(_ machine: WorkerTuning.Machine) throws -> [SplitResult] {
        var results = Split.all(cores: machine.cores).map { SplitResult(split: $0) }
        for round in 0..<rounds {
            for index in results.indices {
                printError("round \(round + 1) of \(rounds): \(results[index].split)")
                results[index].rates.append(
                    try SplitRun(split: results[index].split, model: model, seconds: seconds).rowsPerSecond())
            }
        }
        return results
    }

    private struct Summary: Encodable {
        let file: String
        let chosen: WorkerTuning
        let measured: [Measured]
    }

    private struct Measured: Encodable {
        let workers: Int
        let threads: Int
        let pin: Bool
        let rows_per_second: [Double]

        init(_ result: SplitResult) {
            (workers, threads, pin) = (result.split.workers, result.split.threads, result.split.pin)
            rows_per_second = result.rates
        }
    }
}
