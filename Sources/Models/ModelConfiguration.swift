package import Encoders
import Heads
package import Kernels
package import ModelFiles
import Scoring

/// What a model folder holds, by family: the one place that knows all families. A new one is a folder in `Encoders`, a
/// case here, and an arm in each function.
package enum ModelConfiguration {
    /// A sentence-transformers folder: BERT or XLM-RoBERTa with mean pooling.
    case bert(SentenceTransformerFolder)
    /// A sentence-transformers folder: another pooling, dense layers or a prompt, as BGE, E5 and Qwen3-Embedding.
    case sentencePipeline(SentencePipelineFolder)
    /// A sentence-transformers folder without a network: a table with a vector for each token.
    case staticTable(StaticTableFolder)
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
            if try StaticTableFolder.matches(path) {
                self = .staticTable(try StaticTableFolder(path: path))
            } else if try SentencePipelineFolder.matches(path) {
                self = .sentencePipeline(try SentencePipelineFolder(path: path))
            } else {
                self = .bert(try SentenceTransformerFolder(path: path))
            }
        }
    }

    /// Reads the weights of encoder and head. Throws what is wrong with a file, `unsupported` for a head that this
    /// family cannot predict with, and `doesNotFit` before memory is allocated.
    package func load(_ settings: ModelSettings) throws(ModelError) -> LoadedModel {
        if case .v0(let folder) = self { return try V0Parts.model(of: folder, settings: settings) }
        let head = HeadSource.kind(settings.head)
        try check(head)
        return LoadedModel(encoder: try embeddingEncoder(settings), head: try head.load())
    }

    /// The encoder, for families whose features are embeddings. Throws `unsupported` for others.
    package func embeddingEncoder(_ settings: ModelSettings) throws(ModelError) -> any TextEncoder {
        switch self {
        case .bert(let folder):
            try SentenceEncoder(folder: folder, threads: settings.threads, precision: settings.precision)
        case .sentencePipeline(let folder):
            try SentencePipelineEncoder(folder: folder, threads: settings.threads, precision: settings.precision)
        case .staticTable(let folder): try StaticTableEncoder(folder: folder)
        case .v0(let folder): throw Self.isConverted(folder.path)
        }
    }

    /// How the family's encoder reads texts, for families whose features are embeddings. Throws `unsupported` for others, and
    /// what is wrong with the tokenizer. Cost: loading the tokenizer.
    package func reading() throws(ModelError) -> TextReading {
        switch self {
        case .bert(let folder): try SentenceEncoder.reading(of: folder)
        case .sentencePipeline(let folder): try SentencePipelineEncoder.reading(of: folder)
        case .staticTable(let folder): try StaticTableEncoder.reading(of: folder)
        case .v0(let folder): throw Self.isConverted(folder.path)
        }
    }

    private static func isConverted(_ folder: String) -> ModelError {
        .unsupported(
            file: folder, key: "the kind of model", found: "a converted V0 model",
            supported: "a sentence-transformers folder")
    }

    /// The network of a BERT family alone, for measurements on token ids. Throws `unsupported` for others.
    package func bertEncoder(threads: Int, precision: Precision = .float32) throws(ModelError) -> BertEncoder {
        let (path, found): (String, String)
        switch self {
        case .bert(let folder): return try BertEncoder(folder.checkpoint, threads: threads, precision: precision)
        case .sentencePipeline(let folder):
            if case .bert(let checkpoint) = folder.network {
                return try BertEncoder(checkpoint, threads: threads, precision: precision)
            }
            (path, found) = (folder.path, "Qwen3")
        case .staticTable(let folder): (path, found) = (folder.path, "a table of vectors")
        case .v0(let folder): (path, found) = (folder.path, "a converted V0 model")
        }
        throw .unsupported(
            file: path, key: "the kind of model", found: found, supported: "a sentence-transformers folder of BERT")
    }

    /// Throws `unsupported` for a head that was trained on another encoder, and what is wrong with its file. A converted V0
    /// model has its own head.
    package func check(_ head: HeadSource) throws(ModelError) {
        let (path, name, width, isFirst): (String, String, Int?, Bool)
        switch self {
        case .v0: return
        case .bert(let folder):
            (path, name, width) = (folder.path, folder.name, folder.configuration.width)
            isFirst = folder.configuration.isMiniLM
        case .sentencePipeline(let folder): (path, name, width, isFirst) = (folder.path, folder.name, nil, false)
        case .staticTable(let folder): (path, name, width, isFirst) = (folder.path, folder.name, nil, false)
        }
        // A folder of MiniLM may have any name.
        try head.check(encoder: name, width: width, in: path, isFirst: isFirst)
    }

    /// Bytes by purpose for contexts of `rows` rows, from the headers of the files; `nil` for families that need 0.2 GB
    /// or less.
    package func memory(_ settings: ModelSettings, rows: Int) throws(ModelError) -> ModelMemory? {
        switch self {
        case .bert, .sentencePipeline, .staticTable: nil
        case .v0(let folder): try V0Memory(folder: folder, settings: settings).bytes(rows: rows)
        }
    }
}
