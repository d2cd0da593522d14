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
            abstract: "Says what a model takes in memory, then loads it, checks it, and prints its fingerprint.",
            discussion: "Of a V0 model the memory is told from the files' headers, before anything is taken.")

        @OptionGroup var model: ModelOptions

        @Option(help: "Context rows to tell the memory for.")
        var rows = Inspect.usualRows

        @Option(help: "Threads to tell the memory for; default: as a worker of this model has.")
        var threads: Int?

        @Flag(help: "Print one JSON object.")
        var json = false

        /// What `statezero score` takes unless told otherwise.
        static let usualRows = 256

        func validate() throws {
            if rows < 1 { throw ValidationError("--rows \(rows): at least 1") }
            if let threads, threads < 1 { throw ValidationError("--threads \(threads): at least 1") }
        }

        func run() throws {
            try Self.show(model, rows: rows, threads: threads, json: json)
        }

        static func show(_ choice: ModelOptions, rows: Int, threads: Int? = nil, json: Bool) throws {
            do {
                let settings = choice.settings(threads: threads ?? choice.defaultThreads)
                let memory = try ModelRegistry.memory(choice.place, settings: settings, rows: rows)
                // Before the model is loaded: who asks why it does not fit shall see this.
                if !json, let memory { show(memory, rows: rows, threads: settings.threads) }
                let loaded = try choice.load(threads: settings.threads)
                let model = loaded.model
                let width = try model.embed(["What is 2 + 2?"]).columns
                let facts = Facts(
                    name: model.fingerprint.name, fingerprint: model.fingerprint.digest.hex, features: width,
                    memory: memory)
                if json { return try ReportOptions.printJSON(facts) }
                print("name              \(facts.name)")
                print("fingerprint       \(facts.fingerprint)")
                print("features          \(facts.features) a prompt")
                if let packed = loaded.packedWeights { print("packed weights    \(packed)") }
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }

        private static func show(_ memory: ModelMemory, rows: Int, threads: Int) {
            print("weights           \(ByteCount(memory.sharedWeights)), shared by the workers of a host")
            print("                  \(ByteCount(memory.ownWeights)) in each worker")
            print("prepared context  \(ByteCount(memory.preparedContext)) a policy version, \(rows) rows")
            print("working set       \(ByteCount(memory.encoding)) encoding")
            print("                  \(ByteCount(memory.predicting)) predicting")
            print("in all            \(ByteCount(memory.total)) with one context, \(threads) threads")
            if let available = AvailableMemory.bytes() {
                print("available         \(ByteCount(available)) on this machine now")
            }
        }

        private struct Facts: Encodable {
            let name: String
            let fingerprint: String
            let features: Int
            let memory: ModelMemory?
        }
    }
}
