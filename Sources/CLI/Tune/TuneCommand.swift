import ArgumentParser
import CommandSupport
import Foundation
import Models
import Scoring
import Kernels
import WorkerNode

/// `statezero tune`.
struct Tune: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract:
            "Finds how many workers of how many threads this machine does best with, and writes it to a file.",
        discussion: """
            Every split of the cores, pinned and not, encodes prompts of lengths spread as real ones, in processes of \
            its own, in rounds that take turns; the median counts. `worker` and `score` read the file. What the machine \
            does beside counts too, so leave it alone meanwhile.
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: "File to write; default: .tuned.json in the model's folder.")
    var output: String?

    @Option(help: "Rounds.")
    var rounds = 5

    @Option(help: "Seconds of a measurement.")
    var seconds = 2.0

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if rounds < 1 { throw ValidationError("--rounds \(rounds): at least 1") }
        if !(0.05...600).contains(seconds) { throw ValidationError("--seconds \(seconds): 0.05 to 600") }
    }

    func run() throws {
        do {
            try model.check()
            guard model.place.hasEmbeddings else {
                throw CommandFailure(
                    "\(model.name) is not a sentence-transformers model; a V0 model takes all cores in one worker",
                    status: .usage)
            }
            let machine = WorkerTuning.Machine.current
            var results = Split.all(cores: machine.cores).map { SplitResult(split: $0) }
            for round in 0..<rounds {
                for index in results.indices {
                    printError("round \(round + 1) of \(rounds): \(results[index].split)")
                    results[index].rates.append(
                        try SplitRun(split: results[index].split, model: model, seconds: seconds).rowsPerSecond())
                }
            }
            guard let best = SplitResult.choice(of: results) else { return }
            let tuning = WorkerTuning(
                machine: machine, workers: best.split.workers, threads: best.split.threads, pin: best.split.pin,
                rowsPerSecond: (best.median * 10).rounded() / 10)
            let file = output ?? TuningOptions.defaultFile(model)
            try tuning.write(file)
            if json {
                return try ReportOptions.printJSON(
                    Summary(file: file, chosen: tuning, measured: results.map(Measured.init)))
            }
            print("\(machine)")
            for result in results {
                let mark = result.split == best.split ? "*" : " "
                print(
                    String(
                        format: "%@ %@: %.1f rows/s (%.1f … %.1f)", mark, "\(result.split)", result.median,
                        result.rates.min() ?? 0, result.rates.max() ?? 0))
            }
            print("written to \(file)")
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(error)
        }
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

/// A split of the cores: N workers of M threads each.
struct Split: Equatable, CustomStringConvertible {
    let workers: Int
    let threads: Int
    let pin: Bool

    /// Every split without a remainder, pinned and not. More threads than 16 share too few prompts at a time.
    static func all(cores: Int) -> [Split] {
        (1...max(1, cores)).filter { cores % $0 == 0 && $0 <= 16 }.flatMap { threads in
            [false, true].map { Split(workers: cores / threads, threads: threads, pin: $0) }
        }
    }

    var description: String {
        "\(workers) worker\(workers == 1 ? "" : "s") of \(threads) thread\(threads == 1 ? "" : "s")\(pin ? ", pinned" : "")"
    }
}

/// What a split has reached, round by round.
struct SplitResult {
    let split: Split
    var rates: [Double] = []

    /// The earliest of those whose best round reaches the median of the fastest. Differences smaller than what a split's own
    /// rounds differ by are not evidence, and the earlier splits, with fewer threads and unpinned, bear other programs on the
    /// machine better.
    static func choice(of results: [SplitResult]) -> SplitResult? {
        guard let fastest = results.map(\.median).max() else { return nil }
        return results.first { ($0.rates.max() ?? 0) >= fastest }
    }

    var median: Double { rates.isEmpty ? 0 : Median.of(rates) }
}
