public import ArgumentParser
import Foundation
import Heads
public import Kernels
import Models
import Scoring
import Simulation

/// Which value model predicts, and how it computes.
struct ModelChoice: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Model folder; default: $STATEZERO_MODEL, else models/all-MiniLM-L6-v2.",
            discussion: """
                A sentence-transformers folder, or one made by scripts/convert_v0. \
                `table`, `table:SALT` or `table:SALT:MICROSECONDS` stands for a model made of a hash that takes so long a \
                prompt, for tests and measurements of the cluster.
                """))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Arithmetic of the encoder: float32 (exact), bfloat16 or int8 (faster, coarser).",
            discussion: """
                BENCHMARKS.md says what each gives and costs. A V0 model's head is in float32 with the first, in bfloat16 \
                with the others.
                """))
    var precision = Precision.float32

    @Option(help: "A V0 model's keys and values of a context: keep, or none (far less memory, computed at each call).")
    var contextCache = ModelSettings.ContextCache.keep

    @Option(help: "V0's column that hashes a row's bits: reference, or constant (does not depend on last bits).")
    var rowHash = ModelSettings.RowHash.reference

    @Option(help: "Head of a sentence-transformers model: compact (trained), or gaussian-process (needs no training).")
    var head = HeadKind.compact

    /// The folder, or `table`, as it was given.
    var name: String {
        model ?? ProcessInfo.processInfo.environment["STATEZERO_MODEL"] ?? ModelFetch.defaultFolder
    }

    /// Which kind of model the name means.
    var place: ModelPlace { ModelPlace(name) }

    /// The same choice as arguments of another process of this program.
    var arguments: [String] {
        [
            "--model", name, "--precision", precision.rawValue, "--context-cache", contextCache.rawValue,
            "--row-hash", rowHash.rawValue, "--head", head.rawValue,
        ]
    }

    /// Threads of a worker of this model by default.
    var usualThreads: Int { place.usesAllCores ? ProcessInfo.processInfo.activeProcessorCount : 1 }

    /// Refuses a place where there is no model, or settings that it does not have, before processes are started for it.
    func check() throws {
        guard let folder = place.folder else { return }
        guard FileManager.default.fileExists(atPath: folder) else {
            throw CommandFailure(
                .failed, "no model at \(folder); run `statezero model fetch`, or name a folder with --model")
        }
        do {
            try ModelRegistry.check(settings(threads: 1), for: place)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Loads the model, on the thread that will own it.
    func make(threads: Int) throws -> any ValueModel { try load(threads: threads).model }

    /// Loads the model with what is known of it, on the thread that will own it.
    func load(threads: Int) throws -> LoadedModel {
        if case .table(let salt, let pause) = place {
            return LoadedModel(TableValueModel(salt: salt, pausePerText: pause))
        }
        try check()
        return try ModelRegistry.load(place, settings: settings(threads: threads))
    }

    /// The choice as the loader takes it.
    func settings(threads: Int) -> ModelSettings {
        ModelSettings(
            threads: threads, precision: precision, contextCache: contextCache, rowHash: rowHash, head: head)
    }
}

extension Precision: ExpressibleByArgument {}
extension TableKeysValues.Format: ExpressibleByArgument {}
extension ModelSettings.ContextCache: ExpressibleByArgument {}
extension ModelSettings.RowHash: ExpressibleByArgument {}
extension HeadKind: ExpressibleByArgument {}
