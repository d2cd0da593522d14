package import Encoders
import Heads
package import Kernels
package import ModelFiles
import Scoring

/// What a model folder holds, by family: the one place that knows all families. A new one is a folder in `Encoders`, a
/// case here, and an arm in each function.
package enum ModelConfiguration {
    /// A sentence-transformers folder: BERT with mean pooling.
    case bert(SentenceTransformerFolder)
    /// A sentence-transformers folder: BERT with CLS pooling, dense layers or a prompt, as BGE and E5.
    case sentencePipeline(SentencePipelineFolder)
    /// A folder made by `scripts/convert_v0`: Qwen3, query adapter, TabPFN.
    case v0(V0Folder)

    /// Reads a folder's configuration. Throws what is wrong with its files, and `unsupported` for other models.
    package init(_ place: ModelPlace) throws(ModelError) {
        switch place {
        case .table: throw .unsupported(file: "table", key: "--model", found: "table", supported: "a model folder")
        case .remote(let url):
            throw .unsupported(
                file: url, key: "the kind of model", found: "an encoder behind an API", supported: "a model folder")
        case .v0(let path): self = .v0(try V0Folder(path: path))
        case .sentenceTransformer(let path):
            self =
                try SentencePipelineFolder.matches(path)
                ? .sentencePipeline(try SentencePipelineFolder(path: path))
                : .bert(try SentenceTransformerFolder(path: path))
        }
    }

    /// Reads the weights of encoder and head. Throws what is wrong with a file, `unsupported` for a head that this
    /// family cannot predict with, and `doesNotFit` before memory is allocated.
    package func load(_ settings: ModelSettings) throws(ModelError) -> LoadedModel {
        if case .v0(let folder) = self { return try V0Parts.model(of: folder, settings: settings) }
        let head = HeadSource.kind(settings.head)
        try check(head.kind)
        return LoadedModel(encoder: try embeddingEncoder(settings), head: try head.load())
    }

    /// The encoder, for families whose features are embeddings. Throws `unsupported` for others.
    package func embeddingEncoder(_ settings: ModelSettings) throws(ModelError) -> any TextEncoder {
        switch self {
        case .bert(let folder):
            try SentenceEncoder(folder: folder, threads: settings.threads, precision: settings.precision)
        case .sentencePipeline(let folder):
            try SentencePipelineEncoder(folder: folder, threads: settings.threads, precision: settings.precision)
        case .v0(let folder):
            throw .unsupported(
                file: folder.path, key: "the kind of model", found: "a converted V0 model",
                supported: "a sentence-transformers folder")
        }
    }

    /// The network of a BERT family alone, for measurements on token ids. Throws `unsupported` for others.
    package func bertEncoder(threads: Int, precision: Precision = .float32) throws(ModelError) -> BertEncoder {
        switch self {
        case .bert(let folder): try BertEncoder(folder.checkpoint, threads: threads, precision: precision)
        case .sentencePipeline(let folder):
            try BertEncoder(folder.checkpoint, threads: threads, precision: precision)
        case .v0(let folder):
            throw .unsupported(
                file: folder.path, key: "the kind of model", found: "a converted V0 model",
                supported: "a sentence-transformers folder")
        }
    }

    /// Throws `unsupported` for a head that this family cannot predict with.
    package func check(_ head: HeadKind) throws(ModelError) {
        guard head == .compact else { return }
        let other = "--head \(HeadKind.gaussianProcess.rawValue)"
        switch self {
        case .v0: return
        case .bert(let folder):
            let width = folder.configuration.width
            guard width != CompactHeadConfiguration.embeddingColumns else { return }
            throw .unsupported(
                file: folder.path, key: "width of an embedding", found: "\(width)",
                supported: "\(CompactHeadConfiguration.embeddingColumns) for the compact head, any for \(other)")
        case .sentencePipeline(let folder):
            // It was trained on MiniLM's embeddings; those of another model may have the same width and mean nothing.
            throw .unsupported(
                file: folder.path, key: "--head", found: head.rawValue,
                supported: "\(other): the compact head was trained on another encoder")
        }
    }

    /// Bytes by purpose for contexts of `rows` rows, from the headers of the files; `nil` for families that need 0.2 GB
    /// or less.
    package func memory(_ settings: ModelSettings, rows: Int) throws(ModelError) -> ModelMemory? {
        switch self {
        case .bert, .sentencePipeline: nil
        case .v0(let folder): try V0Memory(folder: folder, settings: settings).bytes(rows: rows)
        }
    }
}
