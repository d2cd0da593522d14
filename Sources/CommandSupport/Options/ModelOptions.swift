package import ArgumentParser
import Foundation
package import Models
package import Kernels
package import Scoring
import Simulation

/// The options that choose a value model and its arithmetic; also makes the model.
package struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Model folder, or `table` for a stub. Default: $STATEZERO_MODEL, else models/all-MiniLM-L6-v2.",
            discussion: """
                The folder is in sentence-transformers layout or made by scripts/convert_v0. The stub computes \
                probabilities from a hash; `table:SALT:MICROSECONDS` sets its salt and its time per prompt.
                """))
    package var model: String?

    @Option(help: "Arithmetic of the encoder: float32 is exact, bfloat16 and int8 are faster and less exact.")
    package var precision = Precision.float32

    @Option(help: "V0 models: keep a context's keys and values, or compute them at each call to save memory.")
    package var contextCache = ModelSettings.ContextCache.keep

    @Option(help: "V0 models: hash of a row's bits as in the reference, or a constant that ignores the last bits.")
    package var rowHash = ModelSettings.RowHash.reference

    @Option(help: "Sentence-transformers models: compact is a trained head, gaussian-process needs no training.")
    package var head = HeadKind.compact

    package init() {}

    /// Options for a model folder, with defaults for the rest. `nil` chooses the default folder.
    package static func choosing(_ model: String?, precision: Precision = .float32) throws -> ModelOptions {
        var options = try parse([])
        (options.model, options.precision) = (model, precision)
        return options
    }

    /// The folder of the default model, below the current folder.
    package static let defaultFolder = "models/all-MiniLM-L6-v2"

    /// The folder, or `table`, as it was given.
    package var name: String {
        model ?? ProcessInfo.processInfo.environment["STATEZERO_MODEL"] ?? Self.defaultFolder
    }

    /// The kind of model that the name means.
    package var place: ModelPlace { ModelPlace(name) }

    /// The same choice as arguments for another process.
    package var arguments: [String] {
        [
            "--model", name, "--precision", precision.rawValue, "--context-cache", contextCache.rawValue,
            "--row-hash", rowHash.rawValue, "--head", head.rawValue,
        ]
    }

    /// Threads of a worker of this model by default.
    package var defaultThreads: Int { place.usesAllCores ? ProcessInfo.processInfo.activeProcessorCount : 1 }

    /// Checks that the model exists and has the chosen settings, before processes are started for it.
    /// Throws `CommandFailure` or `ModelError`.
    package func check() throws {
        guard let folder = place.folder else { return }
        guard FileManager.default.fileExists(atPath: folder) else {
            throw CommandFailure(
                "\(folder): no such model; run `statezero model fetch`, or name a model folder with --model")
        }
        try ModelRegistry.check(settings(threads: 1), for: place)
    }

    /// Loads the model. Call it on the thread that will own the model. Throws what `check()` and the loader throw.
    package func make(threads: Int) throws -> any ValueModel { try load(threads: threads).model }

    /// Loads the model together with its facts. Call it on the thread that will own the model.
    package func load(threads: Int) throws -> LoadedModel {
        if case .table(let salt, let pause) = place {
            return LoadedModel(TableValueModel(salt: salt, pausePerText: pause))
        }
        try check()
        return try ModelRegistry.load(place, settings: settings(threads: threads))
    }

    /// The choice as settings of the loader.
    package func settings(threads: Int) -> ModelSettings {
        ModelSettings(
            threads: threads, precision: precision, contextCache: contextCache, rowHash: rowHash, head: head)
    }
}
