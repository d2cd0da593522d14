package import Encoders
import Kernels
public import ModelFiles
import Scoring

/// Reads a model folder and builds the value model in it, whichever family it is.
public enum ModelRegistry {
    /// Reads the model of a place that has a folder; `ModelPlace.table` is the caller's.
    ///
    /// Throws what is wrong with the folder, `unsupported` for settings that this family does not have, and `doesNotFit`
    /// before memory is allocated. Cost: a SHA-256 of the weights, and packing them if no packed file is found.
    public static func load(_ place: ModelPlace, settings: ModelSettings) throws(ModelError) -> LoadedModel {
        try check(settings, for: place)
        return try ModelConfiguration(place).load(settings)
    }

    /// Reads an encoder once for several heads, in their order. The models share the encoder, so features that one of
    /// them made are good for all. `settings.head` is not used.
    ///
    /// With `embeddings`, a file of embeddings made before is read; call `save()` of what is returned to write the new
    /// ones. Throws what is wrong with a file, `unsupported` for a model without embeddings, and `foreignEmbeddings` for
    /// a file that another encoder made.
    public static func load(
        _ place: ModelPlace, heads: [HeadSource], settings: ModelSettings, embeddings file: String? = nil
    ) throws(ModelError) -> (models: [LoadedModel], embeddings: EmbeddingFile?) {
        let configuration = try ModelConfiguration(place)
        for head in heads { try configuration.check(head) }
        return try join(configuration.embeddingEncoder(settings), heads: heads, embeddings: file)
    }

    /// The same for an encoder that the program has made. Throws `unsupported` for a head that was trained on an encoder
    /// of another name or width.
    package static func load(
        encoder: any TextEncoder, heads: [HeadSource], embeddings file: String? = nil
    ) throws(ModelError) -> (models: [LoadedModel], embeddings: EmbeddingFile?) {
        let facts = encoder.facts
        for head in heads { try head.check(encoder: facts.name, width: facts.width, in: facts.name) }
        return try join(encoder, heads: heads, embeddings: file)
    }

    private static func join(
        _ encoder: any TextEncoder, heads: [HeadSource], embeddings file: String?
    ) throws(ModelError) -> (models: [LoadedModel], embeddings: EmbeddingFile?) {
        let kept = try file.map { (file) throws(ModelError) in try EmbeddingFile(of: encoder, file: file) }
        var models: [LoadedModel] = []
        for head in heads { models.append(LoadedModel(encoder: kept ?? encoder, head: try head.load())) }
        return (models, kept)
    }

    /// Throws `unsupported` for a setting that the family of a place does not have. Cost: nothing is read.
    public static func check(_ settings: ModelSettings, for place: ModelPlace) throws(ModelError) {
        guard case .sentenceTransformer(let folder) = place else { return }
        let only = ModelSettings()
        for (key, found, supported) in [
            ("--context-cache", settings.contextCache.rawValue, only.contextCache.rawValue),
            ("--row-hash", settings.rowHash.rawValue, only.rowHash.rawValue),
        ] where found != supported {
            throw .unsupported(
                file: folder, key: key, found: found,
                supported: "only \(supported) for a sentence-transformers model; the others are for converted V0 models"
            )
        }
    }

    /// What a model needs for contexts of `rows` rows, from the headers of its files; `nil` for models that need 0.2 GB
    /// or less. Throws what is wrong with a header.
    public static func memory(
        _ place: ModelPlace, settings: ModelSettings, rows: Int
    ) throws(ModelError) -> ModelMemory? {
        switch place {
        case .v0: try ModelConfiguration(place).memory(settings, rows: rows)
        // Reading one would compute the digest of its weights.
        case .table, .sentenceTransformer, .remote: nil
        }
    }
}
