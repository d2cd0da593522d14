/// Finds tokens such as `[SEP]` written out in a text, before anything else is done to it.
///
/// The reference takes them as the token they name, wherever they stand; leftmost first, then longest.
struct AddedTokens: Sendable {
    private let trie: ByteTrie
    /// By byte: some token starts with it. One load a byte for texts that have none.
    private let starts: [Bool]

    init(_ tokens: [ByteTrie.Entry]) {
        trie = ByteTrie(tokens)
        var starts = [Bool](repeating: false, count: 256)
        for token in tokens {
            if let byte = token.key.first { starts[Int(byte)] = true }
        }
        self.starts = starts
    }

    /// The tokens of a file's `added_tokens`, in file order; those that are found in other ways than as they are written
    /// are refused.
    static func entries(_ field: FieldReader) throws(TokenizerError) -> [ByteTrie.Entry] {
        var entries: [ByteTrie.Entry] = []
        if field.isNull { return entries }
        for token in try field.elements() {
            for flag in ["single_word", "lstrip", "rstrip", "normalized"] { try token[flag].require(false) }
            let key = Array(try token["content"].text().utf8)
            let id = try token["id"].id()
            // An empty token can never be found; the reference drops it too.
            if !key.isEmpty { entries.append(ByteTrie.Entry(key: key, value: id)) }
        }
        return entries
    }

    /// The first token at or after `index`: where it stands and its id.
    func first(in bytes: Span<UInt8>, from index: Int) -> (range: Range<Int>, id: Int32)? {
        var start = index
        while start < bytes.count {
            if starts[Int(bytes[start])], let match = longest(in: bytes, at: start) { return match }
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
