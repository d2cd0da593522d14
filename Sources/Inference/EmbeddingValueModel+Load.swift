import Scoring

extension EmbeddingValueModel {
    /// Reads a model folder: tokenizer and weights of the encoder; and the head chosen.
    ///
    /// The fingerprint covers the folder's files, the arithmetic and the head with its weights. Neither threads nor
    /// batches change an answer, so they are not in it. Throws what is wrong with a file, and `unsupported` for the
    /// compact head on an encoder of another width than it was trained on. Cost: 0.3 s and 180 MB for MiniLM.
    public static func load(
        folder path: String, threads: Int, head kind: EmbeddingHeadKind = .compact
    ) throws(ModelError) -> EmbeddingValueModel {
        let folder = try ModelFolder(path: path)
        let width = folder.configuration.width
        if kind == .compact, width != CompactHeadConfiguration.embeddingColumns {
            throw .unsupported(
                file: path, key: "width of an embedding", found: "\(width)",
                supported: "\(CompactHeadConfiguration.embeddingColumns) for the compact head, "
                    + "any for --head \(EmbeddingHeadKind.gaussianProcess.rawValue)")
        }
        let head = try EmbeddingHead.load(kind)
        let embedder = try SentenceEmbedder(folder: folder, threads: threads)
        let parts = [folder.digest.hex, embedder.numerics, head.identity]
        let fingerprint = ModelFingerprint(
            name: "\(folder.name)+\(head.name)", digest: Digest(of: parts.joined(separator: "\n")))
        return EmbeddingValueModel(fingerprint: fingerprint, embedder: embedder, head: head)
    }
}
