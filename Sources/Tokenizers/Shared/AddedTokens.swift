/// Finds tokens such as `[SEP]` that a text contains literally, before normalization.
///
/// As in the reference, each occurrence becomes that token; the leftmost match first, then the longest.
struct AddedTokens: Sendable {
    private let trie: ByteTrie
    /// For each byte, true if a token starts with it. Texts without tokens cost one load a byte.
    private let starts: [Bool]
    /// Tokens that white space before them belongs to.
    private let strippingLeft: Set<Int32>

    init(_ tokens: [ByteTrie.Entry], strippingLeft: Set<Int32> = []) {
        self.strippingLeft = strippingLeft
        trie = ByteTrie(tokens)
        var starts = [Bool](repeating: false, count: 256)
        for token in tokens {
            if let byte = token.key.first { starts[Int(byte)] = true }
        }
        self.starts = starts
    }

    /// The tokens of a file's `added_tokens`, in file order; tokens that need another kind of matching than byte by
    /// byte are refused, unless it is white space before them (`lstrip`) and the caller allows that.
    static func entries(_ field: FieldReader, mayStripLeft: Bool = false) throws(TokenizerError) -> [ByteTrie.Entry] {
        var entries: [ByteTrie.Entry] = []
        if field.isNull { return entries }
        for token in try field.elements() {
            for flag in ["single_word", "rstrip", "normalized"] { try token[flag].require(false) }
            if !mayStripLeft { try token["lstrip"].require(false) }
            let key = Array(try token["content"].text().utf8)
            let id = try token["id"].id()
            // An empty token cannot be found; the reference ignores it too.
            if !key.isEmpty { entries.append(ByteTrie.Entry(key: key, value: id)) }
        }
        return entries
    }

    /// Ids of a file's `added_tokens` that white space before them belongs to.
    static func strippingLeft(_ field: FieldReader) throws(TokenizerError) -> Set<Int32> {
        var ids: Set<Int32> = []
        if field.isNull { return ids }
        for token in try field.elements() where try token["lstrip"].bool(default: false) {
            ids.insert(try token["id"].id())
        }
        return ids
    }

    /// The first token at or after `index`: its range and its id.
    func first(in bytes: Span<UInt8>, from index: Int) -> (range: Range<Int>, id: Int32)? {
        var start = index
        while start < bytes.count {
            if starts[Int(bytes[start])], let match = longest(in: bytes, at: start) {
                guard strippingLeft.contains(match.id) else { return match }
                let first = WhitespaceEdges.end(of: bytes, in: index..<match.range.lowerBound)
                return (first..<match.range.upperBound, match.id)
            }
            start += 1
        }
        return nil
    }

    private func longest(in bytes: Span<UInt8>, at start: Int) -> (range: Range<Int>, id: Int32)? {
        var match: (range: Range<Int>, id: Int32)?
        var cell = ByteTrie.root
        var i = start
        while i < bytes.count, let next = trie.step(from: cell, bytes[i]) {
            cell = next
            i += 1
            if trie.value(at: cell) >= 0 { match = (start..<i, trie.value(at: cell)) }
        }
        return match
    }
}
