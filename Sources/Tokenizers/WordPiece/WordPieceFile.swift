import Foundation

/// Reads and checks the tokenizer files of a WordPiece model; a feature that is not supported is refused by name.
struct WordPieceFile {
    /// Steps of the normalizer.
    var steps: Normalizer.Steps
    /// Tokens of the model with their ids.
    var vocabulary: [ByteTrie.Entry]
    /// Prefix of pieces that continue a word, `##`.
    var continuingPrefix: [UInt8]
    /// Words with more scalars are unknown.
    var wordScalarsMax: Int
    /// Id of the unknown token.
    var unknownID: Int32
    /// Tokens that are found literally in the text before normalization.
    var addedTokens: [ByteTrie.Entry]
    /// Special tokens around a text.
    var template: SequenceTemplate

    /// Number of different tokens.
    var tokenCount: Int {
        var keys = Set(vocabulary.map(\.key))
        keys.formUnion(addedTokens.map(\.key))
        return keys.count
    }

    /// One past the largest id.
    var idEnd: Int {
        (vocabulary + addedTokens).reduce(template.idEnd) { max($0, Int($1.value) + 1) }
    }

    /// Reads `tokenizer.json`, or `vocab.txt` with `tokenizer_config.json` if it does not exist.
    init(modelFolder folder: String) throws(TokenizerError) {
        let paths = ["tokenizer.json", "vocab.txt", "tokenizer_config.json"].map { "\(folder)/\($0)" }
        let isThere = paths.map { FileManager.default.fileExists(atPath: $0) }
        if isThere[0] {
            try self.init(FieldReader(file: paths[0]))
        } else if isThere[1] {
            let config = isThere[2] ? try FieldReader(file: paths[2]) : FieldReader.absent(paths[2])
            try self.init(vocabularyPath: paths[1], config: config)
        } else {
            throw .noTokenizer(folder: folder)
        }
    }

    /// Reads a `tokenizer.json`.
    init(_ root: FieldReader) throws(TokenizerError) {
        let path = root.path
        steps = try Self.steps(of: root["normalizer"])
        try root["pre_tokenizer"]["type"].require("BertPreTokenizer")
        if !root["truncation"].isNull { try root["truncation"]["direction"].require("Right", orAbsent: true) }

        let model = root["model"]
        try model["type"].require("WordPiece")
        continuingPrefix = Array(try model["continuing_subword_prefix"].text().utf8)
        wordScalarsMax = try model["max_input_chars_per_word"].count()
        vocabulary = []
        for entry in try model["vocab"].tokenIDs() {
            vocabulary.append(ByteTrie.Entry(key: Array(entry.token.utf8), value: entry.id))
        }
        let ids = Dictionary(vocabulary.map { ($0.key, $0.value) }) { $1 }
        unknownID = try Self.id(of: try model["unk_token"].text(), in: ids, path: path)

        addedTokens = try AddedTokens.entries(root["added_tokens"])
        for token in addedTokens {
            if let known = ids[token.key], known != token.value {
                throw .inconsistentToken(
                    path: path, token: String(decoding: token.key, as: UTF8.self),
                    reason: "is \(token.value) and \(known)")
            }
        }
        template = try SequenceTemplate(postProcessor: root["post_processor"])
    }

    /// Builds the same tokenizer as `transformers` from a BERT vocabulary: one token on each line, its id is the line
    /// number.
    private init(vocabularyPath: String, config: FieldReader) throws(TokenizerError) {
        let bytes = try FieldReader.bytes(ofFile: vocabularyPath)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .badField(path: vocabularyPath, field: "the file", expected: "UTF-8 text")
        }
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        vocabulary = lines.enumerated().map { index, line in
            var token = line
            while let last = token.last, ReferenceUnicode.isWhitespace(last) { token.removeLast() }
            return ByteTrie.Entry(key: Array(String(token).utf8), value: Int32(index))
        }
        let ids = Dictionary(vocabulary.map { ($0.key, $0.value) }) { $1 }

        let lowercases = try config["do_lower_case"].bool(default: true)
        steps = Normalizer.Steps(
            cleansText: true,
            separatesIdeographs: try config["tokenize_chinese_chars"].bool(default: true),
            stripsAccents: try config["strip_accents"].bool(default: lowercases),
            lowercases: lowercases)
        continuingPrefix = Array("##".utf8)
        wordScalarsMax = 100

        /// A special token; the configuration has its text, or an object with its text.
        func special(_ name: String, usually usual: String) throws(TokenizerError) -> ByteTrie.Entry {
            let asked = config[name]
            let token = asked.isNull ? usual : try (asked.isObject ? asked["content"] : asked).text()
            let id = try Self.id(of: token, in: ids, path: vocabularyPath)
            return ByteTrie.Entry(key: Array(token.utf8), value: id)
        }
        let unknown = try special("unk_token", usually: "[UNK]")
        let classification = try special("cls_token", usually: "[CLS]")
        let separator = try special("sep_token", usually: "[SEP]")
        let padding = try special("pad_token", usually: "[PAD]")
        let mask = try special("mask_token", usually: "[MASK]")
        unknownID = unknown.value
        addedTokens = [unknown, classification, separator, padding, mask]
        template = SequenceTemplate(before: [classification.value], after: [separator.value])
    }

    private static func steps(of normalizer: FieldReader) throws(TokenizerError) -> Normalizer.Steps {
        try normalizer["type"].require("BertNormalizer")
        let lowercases = try normalizer["lowercase"].bool(default: true)
        return Normalizer.Steps(
            cleansText: try normalizer["clean_text"].bool(default: true),
            separatesIdeographs: try normalizer["handle_chinese_chars"].bool(default: true),
            stripsAccents: try normalizer["strip_accents"].bool(default: lowercases),
            lowercases: lowercases)
    }

    private static func id(of token: String, in ids: [[UInt8]: Int32], path: String) throws(TokenizerError) -> Int32 {
        guard let id = ids[Array(token.utf8)] else {
            throw .inconsistentToken(path: path, token: token, reason: "is not in the vocabulary")
        }
        return id
    }
}
