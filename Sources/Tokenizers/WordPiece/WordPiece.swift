/// Cuts a word into the longest pieces the vocabulary has, from left to right: WordPiece of the reference.
struct WordPiece: Sendable {
    /// A longer word, counted in scalars, is unknown as a whole.
    let wordScalarsMax: Int
    /// Stands for a word that cannot be cut.
    let unknownID: Int32

    private let trie: ByteTrie
    /// Where pieces that continue a word begin; `nil` if the vocabulary has none.
    private let continuation: Int?

    init(vocabulary: [ByteTrie.Entry], continuingPrefix: [UInt8], wordScalarsMax: Int, unknownID: Int32) {
        self.wordScalarsMax = wordScalarsMax
        self.unknownID = unknownID
        trie = ByteTrie(vocabulary)
        continuation = trie.cell(after: continuingPrefix)
    }

    /// Appends the ids of a word of at least one scalar. Keys are whole scalars, so bytes can be matched one by one.
    func encode(_ word: [UInt8], scalars: Int, into ids: inout [Int32]) {
        guard scalars <= wordScalarsMax else { return ids.append(unknownID) }
        let known = ids.count
        var start = 0
        var cell = ByteTrie.root
        while start < word.count {
            var best: Int32 = -1
            var end = start
            var i = start
            while i < word.count, let next = trie.step(from: cell, word[i]) {
                cell = next
                i += 1
                let value = trie.value(at: cell)
                if value >= 0 {
                    best = value
                    end = i
                }
            }
            guard best >= 0 else { return giveUp(known, &ids) }
            ids.append(best)
            start = end
            if start < word.count {
                guard let continuation else { return giveUp(known, &ids) }
                cell = continuation
            }
        }
    }

    private func giveUp(_ known: Int, _ ids: inout [Int32]) {
        ids.removeLast(ids.count - known)
        ids.append(unknownID)
    }
}
