internal import Scoring

/// A text without what differs between copies: case, punctuation and white space.
///
/// `letters` is the digest of its letters and digits; `sequences` are hashes of its runs of eight words. A word is a run of
/// letters and digits, so a text without spaces has few words: it can be found as equal, hardly as reworded.
struct TextShape {
    /// Words of a sequence.
    static let sequenceWords = 8

    let letters: Digest
    let sequences: Set<UInt64>

    init(_ text: String) {
        var words: [StableHash] = []
        var all = ""
        var current: StableHash?
        for character in text.lowercased() {
            guard character.isLetter || character.isNumber else {
                if let word = current { words.append(word) }
                current = nil
                continue
            }
            all.append(character)
            var word = current ?? StableHash()
            word.combine(String(character).utf8)
            current = word
        }
        if let word = current { words.append(word) }
        letters = Digest(of: all)
        var sequences: Set<UInt64> = []
        for start in 0..<max(0, words.count - Self.sequenceWords + 1) {
            var sequence = StableHash()
            for word in words[start..<start + Self.sequenceWords] { sequence.combine(word: word.mixed) }
            sequences.insert(sequence.mixed)
        }
        self.sequences = sequences
    }
}
