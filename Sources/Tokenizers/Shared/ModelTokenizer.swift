import Foundation

/// Reads the tokenizer of a model folder, whichever kind it is.
package enum ModelTokenizer {
    /// From `tokenizer.json`, by the type of its model; or, where there is none, from a BERT `vocab.txt`. `tokensMax` is the
    /// most ids of a text, special tokens included. Throws what is wrong with the file.
    package static func load(folder: String, tokensMax: Int) throws(TokenizerError) -> any Tokenizer {
        let path = "\(folder)/tokenizer.json"
        guard FileManager.default.fileExists(atPath: path) else {
            return try WordPieceTokenizer(modelFolder: folder, maxLength: tokensMax)
        }
        let root = try FieldReader(file: path)
        switch root["model"]["type"].string {
        case "Unigram": return try UnigramTokenizer(UnigramFile(root), tokensMax: tokensMax)
        case "BPE": return try ByteLevelBPETokenizer(ByteLevelBPEFile(root), tokensMax: tokensMax)
        default: return try WordPieceTokenizer(WordPieceFile(root), maxLength: tokensMax)
        }
    }
}
