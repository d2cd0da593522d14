import Foundation
package import ModelFiles
package import Scoring

/// A sentence-transformers folder whose modules are a chain: BERT, XLM-RoBERTa or Qwen3, pooling of CLS, of the mean or of
/// the last token, dense layers, normalisation; and whose prompts say what to put before each text. The layouts of BGE, E5
/// and Qwen3-Embedding are of this family.
///
/// A folder with mean pooling, no dense layer and no prompt is a `SentenceTransformerFolder`. Everything that is not
/// computed here is refused by name.
package struct SentencePipelineFolder: Sendable {
    /// Path, as given.
    package let path: String
    /// The folder's own name, for people.
    package let name: String
    /// What follows the encoder.
    package let modules: PipelineModules
    /// Put before every text, with nothing in between; may be empty.
    package let prompt: String
    /// The network of the chain.
    package let network: PipelineNetwork
    private let lazyDigest: LazyDigest

    /// SHA-256 over every file that can change an answer, without the prompt. Throws `unreadable`. Cost: at first a SHA-256 of the
    /// weights.
    package var digest: Scoring.Digest { get throws(ModelError) { try lazyDigest.value() } }

    /// Whether a folder is of this family. Throws what is wrong with its small files. Cost: four files of JSON.
    package static func matches(_ path: String) throws(ModelError) -> Bool {
        guard FileManager.default.fileExists(atPath: "\(path)/modules.json") else { return false }
        let modules = try PipelineModules(folder: path)
        if modules.pooling != .mean || !modules.dense.isEmpty { return true }
        if try PipelineNetwork.isQwen3(path) { return true }
        return try !PipelinePrompt.read(folder: path).isEmpty
    }

    /// Reads a folder. Throws `unreadable`, `damaged` and `unsupported`; the weights' shapes are checked by the encoder.
    /// Cost: reads small files and the header of the weights.
    package init(path: String) throws(ModelError) {
        self.path = path
        name = URL(fileURLWithPath: path).lastPathComponent
        let modules = try PipelineModules(folder: path)
        self.modules = modules
        prompt = try PipelinePrompt.read(folder: path)
        if !prompt.isEmpty {
            try ModelError.require(
                modules.includesPrompt, "\(path)/\(modules.poolingPath)/config.json", "include_prompt", "false", "true")
        }
        try PipelineLowerCasing.check(folder: path)
        let isQwen3 = try PipelineNetwork.isQwen3(path)
        let files = Self.digestedFiles + modules.files + (isQwen3 ? [] : ["model.safetensors"])
        let digest = LazyDigest { () throws(ModelError) in try FolderDigest.digest(of: files, in: path) }
        (network, lazyDigest) = try PipelineNetwork.read(path, digest: digest)
    }

    // The prompt is not in these: only its text counts, and `SentencePipelineEncoder` adds it to the identity.
    private static let digestedFiles = [
        "config.json", "modules.json", "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json", "vocab.txt",
    ]
}
