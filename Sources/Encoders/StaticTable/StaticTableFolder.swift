import Foundation
package import ModelFiles
package import Scoring

/// A sentence-transformers folder whose only module is `StaticEmbedding`, perhaps with Normalize behind it: a table with a
/// vector for each token, and a tokenizer. Folders of model2vec have the same layout.
package struct StaticTableFolder: Sendable {
    /// Path, as given.
    package let path: String
    /// The folder's own name, for people.
    package let name: String
    private let lazyDigest: LazyDigest
    /// Folder of the module, with `tokenizer.json` and the weights.
    let module: String
    /// `model.safetensors`.
    let weights: SafetensorsFile

    /// SHA-256 over every file that can change an answer. Throws `unreadable`. Cost: at first a SHA-256 of the weights.
    package var digest: Scoring.Digest { get throws(ModelError) { try lazyDigest.value() } }

    /// Whether a folder is of this family. Cost: one file of JSON.
    package static func matches(_ path: String) throws(ModelError) -> Bool {
        let modules = try JSONFile.readIfPresent([FolderModule].self, "\(path)/modules.json")
        return modules?.first?.name == "StaticEmbedding"
    }

    /// Reads a folder. Throws `unreadable`, `damaged` and `unsupported`. Cost: reads small files and the
    /// header of the weights.
    package init(path: String) throws(ModelError) {
        self.path = path
        name = URL(fileURLWithPath: path).lastPathComponent
        let file = "\(path)/modules.json"
        let modules = try FolderModule.list(folder: path)
        let names = modules.map(\.name)
        try ModelError.require(
            names == ["StaticEmbedding"] || names == ["StaticEmbedding", "Normalize"], file, "the list of modules",
            names.joined(separator: ", "), "StaticEmbedding and optionally Normalize")
        let below = modules[0].path
        try modules[0].requireOwnFolder(file)
        let module = below.isEmpty ? path : "\(path)/\(below)"
        self.module = module
        weights = try SafetensorsFile(path: "\(module)/model.safetensors")
        lazyDigest = LazyDigest { () throws(ModelError) in
            try FolderDigest.digest(of: ["tokenizer.json", "model.safetensors"], in: module)
        }
    }
}
