import ArgumentParser
import CommandSupport
import Models
import Scoring

/// Where embeddings are kept from one run to the next.
struct EmbeddingsChoice: ParsableArguments {
    @Option(help: "File that keeps embeddings from one run to the next; made if it is not there.")
    var embeddings: String?

    /// Makes a model that embeds only what the file does not hold; call `keep()` of what comes with it at the end.
    func make(_ choice: ModelOptions, threads: Int) throws -> (model: any ValueModel, kept: EmbeddingFile?) {
        guard let embeddings else { return (try choice.make(threads: threads), nil) }
        guard !ModelOptions.isTable(choice.place), !V0Folder.isOne(choice.place) else {
            throw CommandFailure(
                "--embeddings is for sentence-transformers models; \(choice.place) is none", status: .usage)
        }
        try choice.check()
        let (models, kept) = try EmbeddingValueModel.load(
            folder: choice.place, threads: threads, heads: [try EmbeddingHead.load(choice.head)],
            precision: choice.precision, embeddings: embeddings)
        return (models[0], kept)
    }
}
