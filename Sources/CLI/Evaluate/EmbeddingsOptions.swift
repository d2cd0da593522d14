import ArgumentParser
import CommandSupport
import Models
import Scoring

/// `--embeddings`: a file that keeps embeddings between runs.
struct EmbeddingsOptions: ParsableArguments {
    @Option(help: "File that keeps embeddings between runs; created if missing.")
    var embeddings: String?

    /// Loads a model that embeds only texts missing in the file. Call `save()` of the file at the end.
    func load(_ choice: ModelOptions, threads: Int) throws -> (loaded: LoadedModel, kept: EmbeddingFile?) {
        guard let embeddings else { return (try choice.load(threads: threads), nil) }
        guard choice.place.hasEmbeddings else {
            throw CommandFailure(
                "--embeddings: only for sentence-transformers models, which \(choice.name) is not", status: .usage)
        }
        let (models, kept) = try choice.load(
            heads: [.kind(choice.head)], threads: threads, embeddings: embeddings)
        return (models[0], kept)
    }
}
