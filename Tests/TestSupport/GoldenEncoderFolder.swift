import Foundation

/// Model folders of `Tests/Goldens/encoder`, complete and in a scratch folder.
public enum GoldenEncoderFolder {
    /// Tokenizer files that the repository has once, in `Tests/Goldens/tokenizers`.
    private static let tokenizers = [
        "xlmr": "unigram-small", "qwen3": "bpe-small", "static": "tokenizer-small", "model2vec": "unigram-small",
    ]

    /// A copy of a folder, with its tokenizer's file.
    public static func copy(_ name: String) throws -> String {
        let path = try ScratchFolder.copy(of: Repository.path("Tests/Goldens/encoder/\(name)"))
        if let tokenizer = tokenizers[name] { try setTokenizer(tokenizer, of: path) }
        return path
    }

    /// Gives a folder a tokenizer of `Tests/Goldens/tokenizers`, named without its ending.
    public static func setTokenizer(_ name: String, of path: String) throws {
        let file = URL(filePath: "\(path)/tokenizer.json")
        try Data(contentsOf: URL(filePath: Repository.path("Tests/Goldens/tokenizers/\(name).json"))).write(to: file)
    }
}
