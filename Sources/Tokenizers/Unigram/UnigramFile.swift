import JSON

/// Reads and checks the `tokenizer.json` of a Unigram model; a feature that is not supported is refused by name.
struct UnigramFile {
    /// Steps before the split.
    let normalizer: UnigramNormalizer
    /// Text is split at white space first, which is dropped.
    let splitsAtWhitespace: Bool
    /// Each part gets "▁" in front if it does not start with it.
    let prependsMark: Bool
    /// Tokens and scores.
    let model: UnigramModel
    /// Tokens that are found literally in the text before it is normalized.
    let addedTokens: AddedTokens
    /// Special tokens around a text.
    let template: SequenceTemplate
    /// Id of the unknown token.
    let unknownID: Int32
    /// Number of different tokens.
    let tokenCount: Int
    /// One past the largest id.
    let idEnd: Int

    /// The mark of a space, "▁" (U+2581).
    static let mark: [UInt8] = [0xE2, 0x96, 0x81]

    init(_ root: FieldReader) throws(TokenizerError) {
        normalizer = try UnigramNormalizer(root["normalizer"])
        (splitsAtWhitespace, prependsMark) = try Self.split(root["pre_tokenizer"])
        if !root["truncation"].isNull { try root["truncation"]["direction"].require("Right", orAbsent: true) }
        template = try SequenceTemplate(postProcessor: root["post_processor"])

        let field = root["model"]
        try field["type"].require("Unigram")
        let tokens = try Self.tokens(field["vocab"])
        unknownID = try field["unk_id"].id()
        guard Int(unknownID) < tokens.count else { throw field["unk_id"].bad("the id of a token of the vocabulary") }
        model = UnigramModel(
            tokens: tokens, unknownID: unknownID, usesBytes: try field["byte_fallback"].bool(default: false))
        let added = try AddedTokens.entries(root["added_tokens"], mayStripLeft: true)
        var idEnd = max(tokens.count, template.idEnd)
        var others: Set<[UInt8]> = []
        for token in added {
            if let known = model.id(of: token.key) {
                guard known == token.value else {
                    throw .inconsistentToken(
                        path: root.path, token: String(decoding: token.key, as: UTF8.self),
                        reason: "is \(token.value) and \(known)")
                }
            } else {
                others.insert(token.key)
            }
            idEnd = max(idEnd, Int(token.value) + 1)
        }
        addedTokens = AddedTokens(added, strippingLeft: try AddedTokens.strippingLeft(root["added_tokens"]))
        tokenCount = tokens.count + others.count
        self.idEnd = idEnd
    }

    private static func tokens(_ field: FieldReader) throws(TokenizerError) -> [(key: [UInt8], score: Double)] {
        guard let elements = field.value.elements, !elements.isEmpty else { throw field.bad("an array of tokens") }
        var tokens: [(key: [UInt8], score: Double)] = []
        tokens.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard let pair = element.elements, pair.count == 2, let token = pair[0].string,
                case .number(let digits) = pair[1], let score = Double(digits), score.isFinite
            else { throw field.element(index).bad("a token and its score") }
            tokens.append((Array(token.utf8), score))
        }
        return tokens
    }

    /// Reads the pre-tokenizer: `Metaspace`, or `WhitespaceSplit` and then `Metaspace`.
    private static func split(
        _ field: FieldReader
    ) throws(TokenizerError) -> (atWhitespace: Bool, prependsMark: Bool) {
        guard field["type"].string == "Sequence" else { return (false, try prependsMark(field)) }
        let steps = try field["pretokenizers"].elements()
        guard steps.count == 2 else { throw field["pretokenizers"].unsupported("a sequence of \(steps.count)") }
        try steps[0]["type"].require("WhitespaceSplit")
        return (true, try prependsMark(steps[1]))
    }

    private static func prependsMark(_ field: FieldReader) throws(TokenizerError) -> Bool {
        try field["type"].require("Metaspace")
        try field["replacement"].require("▁")
        if !(try field["split"].bool(default: true)) { throw field["split"].unsupported("false") }
        guard !field["prepend_scheme"].isNull else { return try field["add_prefix_space"].bool(default: true) }
        switch field["prepend_scheme"].string {
        case "always": return true
        case "never": return false
        default: throw field["prepend_scheme"].unsupported(field["prepend_scheme"].value.summary)
        }
    }
}
