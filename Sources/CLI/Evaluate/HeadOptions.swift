import ArgumentParser
import CommandSupport
import Evaluation
import Models

/// The options that choose the heads of `evaluate` and where embeddings are kept.
struct HeadOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Heads to compare: compact, gaussian-process, or NAME=FILE for other weights. Default: that of --head.",
            discussion: "Gains are relative to gaussian-process, where it is one of them.", valueName: "head"))
    var heads: [String] = []

    @OptionGroup var embeddings: EmbeddingsOptions

    /// Heads ready to be evaluated.
    struct Loaded {
        let heads: [EvaluatedHead]
        /// Leading columns of the features that are an embedding; `nil` for other features.
        let embeddingColumns: Int?
        let kept: EmbeddingFile?
        /// The sources that the first trained head's file names, and that head; `nil` where none names any.
        let trainingSources: (sources: [String], head: String)?
    }

    /// Loads the model's encoder once, and every head.
    func load(_ choice: ModelOptions, threads: Int) throws -> Loaded {
        guard choice.place.hasEmbeddings else {
            guard heads.isEmpty, embeddings.embeddings == nil else {
                throw CommandFailure(
                    "--heads and --embeddings: only for sentence-transformers models, which \(choice.name) is not",
                    status: .usage)
            }
            let model = try choice.make(threads: threads)
            return Loaded(
                heads: [EvaluatedHead(name: "model", model: model)], embeddingColumns: nil, kept: nil,
                trainingSources: nil)
        }
        let named = heads.isEmpty ? [choice.head.rawValue] : heads
        let sources = try named.map(Self.head)
        let (models, kept) = try choice.load(heads: sources, threads: threads, embeddings: embeddings.embeddings)
        return Loaded(
            heads: zip(named, models).map { EvaluatedHead(name: Self.name($0), model: $1.model) },
            embeddingColumns: models.first?.embeddingColumns, kept: kept,
            trainingSources: try zip(named, sources).compactMap { name, head in
                try head.trainingSources().map { ($0, "the file of \(Self.name(name))") }
            }.first)
    }

    /// The part before the first `=`, or all of it.
    private static func name(_ text: String) -> String { String(text.prefix { $0 != "=" }) }

    private static func head(_ text: String) throws -> HeadSource {
        if let equals = text.firstIndex(of: "=") {
            return .weights(file: String(text[text.index(after: equals)...]))
        }
        guard let kind = HeadKind(rawValue: text) else {
            let known = HeadKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure("--heads \(text): not known; allowed are \(known) and NAME=FILE", status: .usage)
        }
        return .kind(kind)
    }
}
