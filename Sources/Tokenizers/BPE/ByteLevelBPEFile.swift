import JSON

/// Reads and checks the `tokenizer.json` of a byte-level BPE model; a feature that is not supported is refused by name.
struct ByteLevelBPEFile {
    /// True if text is normalized to form C first.
    let composes: Bool
    /// Ids of single bytes and of joined pairs.
    let merges: BytePairMerges
    /// Tokens that are found literally in the text before it is split.
    let addedTokens: [ByteTrie.Entry]
    /// Special tokens around a text.
    let template: SequenceTemplate
    /// Number of different tokens.
    let tokenCount: Int
    /// One past the largest id.
    let idEnd: Int

    init(_ root: FieldReader) throws(TokenizerError) {
        let path = root.path
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
            vocabulary.reduce(0) { max($0, Int($1.id) + 1) }, addedTokens.reduce(0) { max($0, Int($1.value) + 1) },
            template.idEnd)
    }

    private static func composes(_ normalizer: FieldReader) throws(TokenizerError) -> Bool {
        if normalizer.isNull { return false }
        try normalizer["type"].require("NFC")
        return true
    }

    /// Checks for the only supported pre-tokenizer: Qwen's pattern, then bytes.
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
        // To the reference an absent `use_regex` is true.
        if steps[1]["use_regex"].isNull { throw steps[1]["use_regex"].unsupported("absent, which counts as true") }
        try steps[1]["use_regex"].require(false)
    }

    /// The ids of all single bytes. GPT-2 writes printable bytes as themselves and the others as U+0100 and following.
    private static func byteIDs(in index: TokenIndex, path: String) throws(TokenizerError) -> [Int32] {
        var ids: [Int32] = []
        var unprintable: UInt32 = 0x100
        for byte in 0..<256 as Range<UInt32> {
            let prints = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
            var name: [UInt8] = []
            UTF8Scalars.append(prints ? byte : unprintable, to: &name)
            if !prints { unprintable += 1 }
            guard let id = index.id(of: name.span, Span()) else {
                throw .inconsistentToken(
                    path: path, token: String(decoding: name, as: UTF8.self),
                    reason: "of byte \(byte) is not in the vocabulary")
            }
            ids.append(id)
        }
        return ids
    }

    /// Reads the merges in the order of their ranks, each "first second" or ["first", "second"].
    private static func pairs(
        _ field: FieldReader, in index: TokenIndex, path: String
    ) throws(TokenizerError) -> PairTable {
        guard let merges = field.value.elements else { throw field.bad("an array") }
        var pairs = PairTable(capacity: merges.count)
        var rank: UInt64 = 0
        for (position, merge) in merges.enumerated() {
            guard let ids = ids(of: merge, in: index) else {
                // The reference skips the header line of a merges file.
                if merge.string?.hasPrefix("#version") == true { continue }
                throw field.element(position).bad("two tokens, in an array or with a space between")
            }
            guard let first = ids.first, let second = ids.second, let joined = ids.joined else {
                let parts = merge.string?.split(separator: " ").map(String.init) ?? merge.elements?.compactMap(\.string)
                let missing = ids.first == nil ? parts?.first : ids.second == nil ? parts?.last : parts?.joined()
                throw .inconsistentToken(
                    path: path, token: missing ?? "", reason: "of model.merges[\(position)] is not in the vocabulary")
            }
            pairs.insert(
                UInt32(bitPattern: first), UInt32(bitPattern: second), value: rank << 32 | UInt64(UInt32(joined)))
            rank += 1
        }
        return pairs
    }

    /// The ids of a merge's two tokens and of the token that they make; `nil` for one that is not in the vocabulary.
    private typealias MergeIDs = (first: Int32?, second: Int32?, joined: Int32?)

    /// The ids of one merge; `nil` if it is not two tokens.
    private static func ids(of merge: JSONValue, in index: TokenIndex) -> MergeIDs? {
        switch merge {
        case .string(let text):
            let bytes = text.utf8.span
            guard let space = onlySpace(in: bytes), !text.hasPrefix("#version") else { return nil }
            return ids(bytes.extracting(..<space), bytes.extracting((space + 1)...), in: index)
        case .array(let parts):
            guard parts.count == 2, let first = parts[0].string, let second = parts[1].string else { return nil }
            return ids(first.utf8.span, second.utf8.span, in: index)
        default: return nil
        }
    }

    private static func ids(_ first: Span<UInt8>, _ second: Span<UInt8>, in index: TokenIndex) -> MergeIDs {
        (index.id(of: first, Span()), index.id(of: second, Span()), index.id(of: first, second))
    }

    private static func onlySpace(in bytes: Span<UInt8>) -> Int? {
        var found: Int?
        for i in bytes.indices where bytes[i] == 0x20 {
            guard found == nil else { return nil }
            found = i
        }
        return found
    }

    /// Counts the tokens that only `added_tokens` has. The reference does not use their ids in the file: it numbers
    /// them from the end of the vocabulary. A file in which the two differ is refused.
    private static func check(
        _ tokens: [ByteTrie.Entry], against index: TokenIndex, path: String
    ) throws(TokenizerError) -> Int {
        var known: [[UInt8]: Int32] = [:]
        var count = 0
        var next = Int32(index.count)
        for token in tokens {
            let vocabularyID = index.id(of: token.key.span, Span())
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
