/// What a `tokenizer.json` of a byte-level BPE model says, checked, with everything that is not supported refused by name.
struct ByteLevelBPEFile {
    /// Text is put into normalization form C first.
    let composes: Bool
    /// Ids of single bytes and of joined pairs.
    let merges: BytePairMerges
    /// Tokens that are cut out of the text as it is written.
    let addedTokens: [ByteTrie.Entry]
    /// Special tokens around a text.
    let template: SequenceTemplate
    /// Number of different tokens.
    let tokenCount: Int
    /// One past the largest id.
    let idEnd: Int

    init(path: String) throws(TokenizerError) {
        let root = FieldReader(try JSONReader.value(ofFile: path), path: path)
        composes = try Self.composes(root["normalizer"])
        try Self.requireSplit(root["pre_tokenizer"])
        if !root["truncation"].isNull { try root["truncation"]["direction"].require("Right", orAbsent: true) }
        template = try SequenceTemplate(byteLevelPostProcessor: root["post_processor"])

        let model = root["model"]
        try model["type"].require("BPE")
        for name in ["dropout", "unk_token"] where !model[name].isNull {
            throw model[name].unsupported(model[name].value.summary)
        }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] where !model[name].isNull {
            try model[name].require("")
        }
        for name in ["byte_fallback", "ignore_merges"] { try model[name].require(false) }
        let vocabulary = try model["vocab"].tokenIDs()
        let index = TokenIndex(vocabulary)
        merges = BytePairMerges(
            byteIDs: try Self.byteIDs(in: index, path: path),
            pairs: try Self.pairs(model["merges"], in: index, path: path))
        addedTokens = try AddedTokens.entries(root["added_tokens"])
        let added = try Self.check(addedTokens, against: index, path: path)
        tokenCount = index.count + added
        idEnd = max(
            vocabulary.reduce(0) { max($0, Int($1.id) + 1) }, addedTokens.reduce(0) { max($0, Int($1.value) + 1) })
    }

    private static func composes(_ normalizer: FieldReader) throws(TokenizerError) -> Bool {
        if normalizer.isNull { return false }
        try normalizer["type"].require("NFC")
        return true
    }

    /// The one pre-tokenizer there is: Qwen's pattern, then bytes.
    private static func requireSplit(_ field: FieldReader) throws(TokenizerError) {
        try field["type"].require("Sequence")
        let steps = try field["pretokenizers"].elements()
        guard steps.count == 2 else { throw field["pretokenizers"].unsupported("a sequence of \(steps.count)") }
        try steps[0]["type"].require("Split")
        try steps[0]["pattern"]["Regex"].require(QwenSplit.pattern)
        try steps[0]["behavior"].require("Isolated")
        try steps[0]["invert"].require(false)
        try steps[1]["type"].require("ByteLevel")
        try steps[1]["add_prefix_space"].require(false)
        // The reference takes an absent `use_regex` for true.
        if steps[1]["use_regex"].isNull { throw steps[1]["use_regex"].unsupported("absent, which counts as true") }
        try steps[1]["use_regex"].require(false)
    }

    /// Every byte has to be a token. GPT-2 writes those that print as themselves and the others from U+0100 on.
    private static func byteIDs(in index: TokenIndex, path: String) throws(TokenizerError) -> [Int32] {
        var ids: [Int32] = []
        var stranger: UInt32 = 0x100
        for byte in 0..<256 as Range<UInt32> {
            let prints = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
            var name: [UInt8] = []
            UTF8Scalars.append(prints ? byte : stranger, to: &name)
            if !prints { stranger += 1 }
            guard let id = index.id(of: name[...]) else {
                throw .inconsistentToken(
                    path: path, token: String(decoding: name, as: UTF8.self),
                    reason: "of byte \(byte) is not in the vocabulary")
            }
            ids.append(id)
        }
        return ids
    }

    /// Merges by rank, each "first second" or ["first", "second"].
    private static func pairs(
        _ field: FieldReader, in index: TokenIndex, path: String
    ) throws(TokenizerError) -> PairTable {
        guard let merges = field.value.elements else { throw field.bad("an array") }
        var pairs = PairTable(capacity: merges.count)
        var rank: UInt64 = 0
        for (position, merge) in merges.enumerated() {
            guard let (first, second) = parts(of: merge) else {
                // The reference skips the head line of a merges file.
                if let text = merge.text, text.hasPrefix("#version") { continue }
                throw field.element(position).bad("two tokens, in an array or with a space between")
            }
            guard let firstID = index.id(of: first), let secondID = index.id(of: second),
                let id = index.id(of: first, second)
            else {
                let missing = index.id(of: first) == nil ? first : index.id(of: second) == nil ? second : first + second
                throw .inconsistentToken(
                    path: path, token: String(decoding: missing, as: UTF8.self),
                    reason: "of model.merges[\(position)] is not in the vocabulary")
            }
            pairs.insert(
                UInt32(bitPattern: firstID), UInt32(bitPattern: secondID), value: rank << 32 | UInt64(UInt32(id)))
            rank += 1
        }
        return pairs
    }

    private static func parts(of merge: JSONValue) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
        switch merge {
        case .string(let text):
            guard let space = text.firstIndex(of: 0x20), !text[(space + 1)...].contains(0x20),
                !text.starts(with: "#version".utf8)
            else { return nil }
            return (text[..<space], text[(space + 1)...])
        case .array(let parts):
            guard parts.count == 2, case .string(let first) = parts[0], case .string(let second) = parts[1] else {
                return nil
            }
            return (first, second)
        default:
            return nil
        }
    }

    /// Counts the tokens that only `added_tokens` has. The reference does not take their ids from the file: it numbers
    /// them on from the vocabulary. A file where that would give other ids is refused.
    private static func check(
        _ tokens: [ByteTrie.Entry], against index: TokenIndex, path: String
    ) throws(TokenizerError) -> Int {
        var known: [[UInt8]: Int32] = [:]
        var count = 0
        var next = Int32(index.count)
        for token in tokens {
            let vocabularyID = index.id(of: token.key[...])
            let expected = vocabularyID ?? known[token.key] ?? next
            guard token.value == expected else {
                throw .inconsistentToken(
                    path: path, token: String(decoding: token.key, as: UTF8.self),
                    reason: "is \(token.value) in added_tokens and \(expected) by the vocabulary")
            }
            if vocabularyID == nil, known[token.key] == nil { count += 1 }
            known[token.key] = token.value
            next = max(next, token.value + 1)
        }
        return count
    }
}
