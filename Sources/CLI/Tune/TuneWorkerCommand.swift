import ArgumentParser
import CommandSupport
import Encoders
import Foundation
import Models

/// `statezero tune-worker`: one process of a measurement by `tune`. Hidden from help.
struct TuneWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        "tune-worker", "Encodes sample prompts for some seconds and prints the rate; started by `tune`.",
        example: "statezero tune-worker --threads 1 --seconds 1", isHidden: true)

    @OptionGroup var model: ModelOptions

    @Option(range: .atLeast(1), help: "Threads.")
    var threads = 1

    @Option(range: .atLeast(0), help: "Seconds.")
    var seconds = 2.0

    @Option(range: .atLeast(0), help: "Index of the first core.")
    var pin: Int?

    func run() throws {
        if let pin { CorePinning.keep(threads: threads, first: pin) }
        let encoder = try ModelConfiguration(model.place).bertEncoder(threads: threads)
        // Batches of 64, as a worker encodes them between two progress messages.
        let lengths = EncoderSample.mixed.map { min($0, encoder.configuration.tokensMax) }
        let batches = stride(from: 0, to: lengths.count, by: 64).map { start in
            EncoderSample.batch(Array(lengths[start..<start + 64]), vocabulary: encoder.configuration.vocabulary)
        }
        _ = try encoder.encode(batches[0])
        print("ready")
        fflush(nil)
        guard readLine() == "go" else { return }
        var rows = 0
        let clock = ContinuousClock()
        let start = clock.now
        while rows == 0 || clock.now - start < .seconds(seconds) {
            let batch = batches[rows / 64 % batches.count]
            _ = try encoder.encode(batch)
            rows += batch.count
        }
        print(Double(rows) / ((clock.now - start) / .seconds(1)))
        fflush(nil)
    }
}
