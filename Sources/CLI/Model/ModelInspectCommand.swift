import ArgumentParser
import CommandSupport
import Foundation
import ModelFiles
import Models
import Scoring

// `statezero model inspect`: prints what a model folder holds.
extension Model {
    /// `statezero model inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            "inspect", "Shows a model's memory use and fingerprint.",
            example: "statezero model inspect --model models/all-MiniLM-L6-v2",
            details: "The memory of a V0 model is computed from file headers and shown before the model is loaded.")

        @Option(range: .atLeast(1), help: "Context rows of the memory estimate.")
        var rows = ModelInspection.defaultRows

        @Option(range: .atLeast(1), help: "Threads of the memory estimate. Default: those of a worker of this model.")
        var threads: Int?

        @OptionGroup(title: "Model") var model: ModelOptions
        @OptionGroup var report: ReportOptions

        func run() throws {
            try ModelInspection(model, rows: rows, threads: threads).show(report)
        }
    }
}

/// Loads a model and prints what it needs and what it is.
struct ModelInspection {
    /// Context rows of `statezero score` by default.
    static let defaultRows = 256

    private let choice: ModelOptions
    private let rows: Int
    private let threads: Int

    init(_ choice: ModelOptions, rows: Int = Self.defaultRows, threads: Int? = nil) {
        self.choice = choice
        self.rows = rows
        self.threads = threads ?? choice.defaultThreads
    }

    func show(_ report: ReportOptions) throws {
        let settings = choice.settings(threads: threads)
        let memory = try ModelRegistry.memory(choice.place, settings: settings, rows: rows)
        // Printed before the model is loaded, so that a model that does not fit shows its size.
        if !report.json, let memory { try printOutput(text(memory)) }
        let loaded = try choice.load(threads: threads)
        let model = loaded.model
        let width = try model.embed(["What is 2 + 2?"]).columns
        let facts = Facts(
            name: model.fingerprint.name, fingerprint: model.fingerprint.digest.hex, features: width, memory: memory)
        try report.show(facts) {
            let packed = loaded.packedWeights.map { "\npacked weights    \($0)" } ?? ""
            return """
                name              \(facts.name)
                fingerprint       \(facts.fingerprint)
                features          \(facts.features) per prompt\(packed)
                """
        }
    }

    private func text(_ memory: ModelMemory) -> String {
        let available = AvailableMemory.bytes().map { "\navailable         \(ByteCount($0)) on this machine now" } ?? ""
        return """
            weights           \(ByteCount(memory.sharedWeights)), shared by the workers of a host
                              \(ByteCount(memory.ownWeights)) in each worker
            prepared context  \(ByteCount(memory.preparedContext)) per policy version, \(rows) rows
            working set       \(ByteCount(memory.encoding)) encoding
                              \(ByteCount(memory.predicting)) predicting
            total             \(ByteCount(memory.total)) with one context, \(threads) threads\(available)
            """
    }

    private struct Facts: Encodable {
        let name: String
        let fingerprint: String
        let features: Int
        let memory: ModelMemory?
    }
}
