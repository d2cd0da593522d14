/// Cuts a word into the tokens whose log probabilities sum to the most: a Unigram language model (Kudo, 2018), with the
/// reference's rules for what no token covers.
///
/// A character that is no token costs `unknownPenalty` more than the least probable token. Unknown characters in a row are
/// one unknown token, or the tokens of their bytes if the file asks for it. Of equal sums the cut found first counts.
struct UnigramModel: Sendable {
    private let trie: ByteTrie
    /// By id.
    private let scores: [Double]
    private let unknownID: Int32
    private let unknownScore: Double
    /// The tokens of single bytes; `nil` if bytes are not used.
    private let byteIDs: [Int32]?

    private static let unknownPenalty = 10.0

    /// Of equal tokens the last counts.
    init(tokens: [(key: [UInt8], score: Double)], unknownID: Int32, usesBytes: Bool) {
        trie = ByteTrie(tokens.enumerated().map { ByteTrie.Entry(key: $1.key, value: Int32($0)) })
        scores = tokens.map(\.score)
        self.unknownID = unknownID
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
        let trie = trie
        let bytes = (0..<256).compactMap { (byte: Int) -> Int32? in
            let digits = String(byte, radix: 16, uppercase: true)
            return Self.id(of: Array("<0x\(digits.count < 2 ? "0" : "")\(digits)>".utf8), in: trie)
        }
        byteIDs = usesBytes && bytes.count == 256 ? bytes : nil
    }

    /// The id of a token; `nil` if there is none.
    func id(of token: [UInt8]) -> Int32? { Self.id(of: token, in: trie) }

    private static func id(of token: [UInt8], in trie: ByteTrie) -> Int32? {
        guard let cell = trie.cell(after: token), trie.value(at: cell) >= 0 else { return nil }
        return trie.value(at: cell)
    }

    /// Memory for one cut, so that it is not allocated for each word.
    struct Workspace {
        /// By end: score of the best cut up to there, start of its last token, and that token's id.
        fileprivate var scores: [Double] = []
        fileprivate var starts: [Int32] = []
        fileprivate var ids: [Int32] = []
        fileprivate var pieces: [Range<Int>] = []
    }

    /// Appends the ids of a word, a well-formed text. Cost: one step of the trie for each byte of each token that starts at
    /// a character.
    func encode(_ word: ArraySlice<UInt8>, _ space: inout Workspace, into ids: inout [Int32]) {
        findBest(word, &space)
        let first = word.startIndex
        space.pieces.removeAll(keepingCapacity: true)
        var end = word.count
        var isUnknown = false
        while end > 0 {
            let start = Int(space.starts[end])
            let isNext = space.ids[end] == unknownID
            if isUnknown, isNext, let last = space.pieces.popLast() {
                space.pieces.append(start..<last.upperBound)
            } else {
                space.pieces.append(start..<end)
            }
            isUnknown = isNext
            end = start
        }
        for piece in space.pieces.reversed() {
            append(word[first + piece.lowerBound..<first + piece.upperBound], space.ids[piece.upperBound], into: &ids)
        }
    }

    // Unknown characters in a row may be a token together.
    private func append(_ piece: ArraySlice<UInt8>, _ id: Int32, into ids: inout [Int32]) {
        if id != unknownID {
            ids.append(id)
        } else if let whole = self.id(of: Array(piece)) {
            ids.append(whole)
        } else if let byteIDs {
            for byte in piece { ids.append(byteIDs[Int(byte)]) }
        } else {
            ids.append(unknownID)
        }
    }

    private func findBest(_ word: ArraySlice<UInt8>, _ space: inout Workspace) {
        let count = word.count
        space.scores.removeAll(keepingCapacity: true)
        space.starts.removeAll(keepingCapacity: true)
        space.ids.removeAll(keepingCapacity: true)
        space.scores.append(contentsOf: repeatElement(0, count: count + 1))
        space.starts.append(contentsOf: repeatElement(-1, count: count + 1))
        space.ids.append(contentsOf: repeatElement(unknownID, count: count + 1))
        func offer(_ score: Double, _ id: Int32, from start: Int, to end: Int) {
            guard space.starts[end] < 0 || score > space.scores[end] else { return }
            (space.scores[end], space.starts[end], space.ids[end]) = (score, Int32(start), id)
        }
        let first = word.startIndex
        var start = 0
        while start < count {
            let score = space.scores[start]
            let length = Self.scalarLength(word[first + start])
            var isToken = false
            var cell = ByteTrie.root
            var index = start
            while index < count, let next = trie.step(from: cell, word[first + index]) {
                cell = next
                index += 1
                let id = trie.value(at: cell)
                guard id >= 0 else { continue }
                offer(scores[Int(id)] + score, id, from: start, to: index)
                if index - start == length { isToken = true }
            }
            if !isToken { offer(unknownScore + score, unknownID, from: start, to: min(start + length, count)) }
            start += length
        }
    }

    private static func scalarLength(_ lead: UInt8) -> Int { lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4 }
}
