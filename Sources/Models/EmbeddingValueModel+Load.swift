import Encoders
import Heads
public import Kernels
public import ModelFiles
import Scoring

extension EmbeddingValueModel {
    /// Reads a model folder: tokenizer and weights of the encoder; and the head chosen.
    ///
    /// The fingerprint covers the folder's files, the arithmetic and the head with its weights. Neither threads nor
    /// batches change an answer, so they are not in it. Throws what is wrong with a file, and `unsupported` for the
    /// compact head on an encoder of another width than it was trained on.
    public static func load(
        folder path: String, settings: ModelSettings = ModelSettings()
    ) throws(ModelError) -> EmbeddingValueModel {
        let folder = try SentenceTransformerFolder(path: path)
        try check(settings.head, width: folder.configuration.width, folder: path)
        let head = try EmbeddingHead.load(settings.head)
        let embedder = try SentenceEmbedder(
            folder: folder, threads: settings.threads, precision: settings.precision)
        return EmbeddingValueModel(
            fingerprint: fingerprint(folder, embedder, head), encoderFingerprint: encoderFingerprint(folder, embedder),
            embedder: embedder, head: head)
    }

    /// Reads a model folder once for several heads, in their order: they share the encoder, so features that one of
    /// the models made are good for all.
    ///
    /// With `embeddings`, a file of embeddings made before is read, and what is new goes there by `keep()` of what is
    /// returned. Throws what is wrong with a file, and `foreignEmbeddings` for one that another encoder made.
    public static func load(
        folder path: String, threads: Int, heads: [EmbeddingHead], precision: Precision = .float32,
        embeddings file: String? = nil
    ) throws(ModelError) -> (models: [EmbeddingValueModel], kept: EmbeddingFile?) {
        let folder = try SentenceTransformerFolder(path: path)
        for head in heads { try check(head.kind, width: folder.configuration.width, folder: path) }
        let embedder = try SentenceEmbedder(folder: folder, threads: threads, precision: precision)
        var kept: EmbeddingFile?
        if let file {
            let maker = Digest(of: "\(folder.digest.hex)\n\(embedder.numerics)")
            kept = try EmbeddingFile(of: embedder, maker: maker, file: file)
        }
        var models: [EmbeddingValueModel] = []
        for head in heads {
            let fingerprint = fingerprint(folder, embedder, head)
            models.append(
                EmbeddingValueModel(
                    fingerprint: fingerprint, encoderFingerprint: encoderFingerprint(folder, embedder),
                    embedder: kept ?? embedder, head: head))
        }
        return (models, kept)
    }

    private static func fingerprint(
        _ folder: SentenceTransformerFolder, _ embedder: SentenceEmbedder, _ head: EmbeddingHead
    ) -> ModelFingerprint {
        let parts = [folder.digest.hex, embedder.numerics, head.identity]
        return ModelFingerprint(
            name: "\(folder.name)+\(head.name)", digest: Digest(of: parts.joined(separator: "\n")))
    }

    private static func encoderFingerprint(_ folder: SentenceTransformerFolder, _ embedder: SentenceEmbedder) -> ModelFingerprint {
        let parts = [folder.digest.hex, embedder.numerics, SurfaceFeatures.identity]
        return ModelFingerprint(
            name: "\(folder.name)+surface", digest: Digest(of: parts.joined(separator: "\n")))
    }

    private static func check(_ kind: EmbeddingHeadKind, width: Int, folder path: String) throws(ModelError) {
        guard kind == .compact, width != CompactHeadConfiguration.embeddingColumns else { return }
        throw .unsupported(
            file: path, key: "width of an embedding", found: "\(width)",
            supported: "\(CompactHeadConfiguration.embeddingColumns) for the compact head, "
                + "any for --head \(EmbeddingHeadKind.gaussianProcess.rawValue)")
    }
}
