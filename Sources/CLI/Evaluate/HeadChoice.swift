import ArgumentParser
import CommandSupport
import Evaluation
import Foundation
import Models

/// Which heads are evaluated together, and where their embeddings are kept.
struct HeadChoice: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Heads to compare: compact, gaussian-process, or NAME=FILE for weights of one's own; default: that of --head.",
            discussion: "Gains are measured against gaussian-process, where it is among them.", valueName: "head"))
    var heads: [String] = []

    @Option(help: "File that keeps embeddings from one run to the next; made if it is not there.")
    var embeddings: String?

    /// Heads ready to be evaluated, with what is known of their common features.
    struct Made {
        let heads: [EvaluatedHead]
        /// Leading columns of the features that are the encoder's; `nil` where that means nothing.
        let embeddingColumns: Int?
        let kept: EmbeddingFile?
    }

    /// Loads the model's encoder once, and every head.
    func make(of choice: ModelOptions, threads: Int) throws -> Made {
        guard choice.place.hasEmbeddings else {
            guard heads.isEmpty, embeddings == nil else {
                throw CommandFailure(
                    "--heads and --embeddings are for sentence-transformers models; \(choice.name) is none",
                    status: .usage)
            }
            let model = try choice.make(threads: threads)
            return Made(heads: [EvaluatedHead(name: "model", model: model)], embeddingColumns: nil, kept: nil)
        }
        try choice.check()
        let named = heads.isEmpty ? [choice.head.rawValue] : heads
        let (models, kept) = try ModelRegistry.load(
            choice.place, heads: try named.map(Self.head), settings: choice.settings(threads: threads),
            embeddings: embeddings)
        return Made(
            heads: zip(named, models).map { EvaluatedHead(name: Self.name($0), model: $1.model) },
            embeddingColumns: models.first?.embeddingColumns, kept: kept)
    }

    /// What stands before the first `=`, or all of it.
    private static func name(_ text: String) -> String { String(text.prefix { $0 != "=" }) }

    private static func head(_ text: String) throws -> HeadSource {
        if let equals = text.firstIndex(of: "=") {
            return .weights(file: String(text[text.index(after: equals)...]))
        }
        guard let kind = HeadKind(rawValue: text) else {
            let known = HeadKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure("--heads \(text): \(known), or NAME=FILE for weights of one's own", status: .usage)
        }
        return .kind(kind)
    }
}
