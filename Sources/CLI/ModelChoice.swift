import ArgumentParser
import Foundation
import Inference
import Scoring
import Simulation

/// Which value model predicts.
struct ModelChoice: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Model folder; default: $STATEZERO_MODEL, else models/all-MiniLM-L6-v2.",
            discussion: """
                `table`, `table:SALT` or `table:SALT:MICROSECONDS` stands for a model made of a hash that takes so long a \
                prompt, for tests and measurements of the cluster.
                """))
    var model: String?

    /// The folder, or the word `table`.
    var place: String {
        model ?? ProcessInfo.processInfo.environment["STATEZERO_MODEL"] ?? ModelFetch.defaultFolder
    }

    /// Whether a place names the table model rather than a folder.
    static func isTable(_ place: String) -> Bool { place == "table" || place.hasPrefix("table:") }

    /// Makes the model, on the thread that will own it.
    static func make(_ place: String, threads: Int) throws -> any ValueModel {
        if isTable(place) {
            let numbers = place.split(separator: ":").dropFirst().map { Int64($0) ?? 0 }
            return TableValueModel(
                salt: UInt64(clamping: numbers.first ?? 0),
                pausePerText: .microseconds(numbers.count > 1 ? numbers[1] : 0))
        }
        guard FileManager.default.fileExists(atPath: place) else {
            throw CommandFailure(
                .failed, "no model at \(place); run `statezero model fetch`, or name a folder with --model")
        }
        return try EmbeddingValueModel.load(folder: place, threads: threads)
    }
}
