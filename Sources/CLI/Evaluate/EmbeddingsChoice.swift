import ArgumentParser
import CommandSupport
import Models
import Scoring

/// Where embeddings are kept from one run to the next.
struct EmbeddingsChoice: ParsableArguments {
    @Option(help: "File that keeps embeddings from one run to the next; made if it is not there.")
    var embeddings: String?

    /// Makes a model that embeds only what the file does not hold; call `save()` of what comes with it at the end.
    func load(_ choice: ModelOptions, threads: Int) throws -> (loaded: LoadedModel, kept: EmbeddingFile?) {
        guard let embeddings else { return (try choice.load(threads: threads), nil) }
        guard choice.place.hasEmbeddings else {
            throw CommandFailure(
                "--embeddings is for sentence-transformers models; \(choice.name) is none", status: .usage)
        }
        try choice.check()
        let (models, kept) = try ModelRegistry.load(
            choice.place, heads: [.kind(choice.head)], settings: choice.settings(threads: threads),
            embeddings: embeddings)
        return (models[0], kept)
    }
}
