/// Splits normalized text into words and passes each to the model: BertPreTokenizer of the reference.
///
/// White space separates words and is dropped; each punctuation character is one word. One value is for one text: it
/// has the current word and the ids so far.
struct PreTokenizer {
    /// What a scalar is to the cut.
    enum Role: UInt8 {
        /// Part of a word.
        case letter
        /// Between words.
        case space
        /// A word by itself.
        case punctuation

        init(traits: UInt8) {
            if traits & ReferenceUnicode.Trait.whitespace != 0 {
                self = .space
            } else {
                self = traits & ReferenceUnicode.Trait.punctuation != 0 ? .punctuation : .letter
            }
        }
    }

    /// Ids of the words so far.
    private(set) var ids: [Int32] = []

    private let model: WordPiece
    private let idsMax: Int
    private var word: [UInt8] = []
    private var wordScalars = 0

    /// Stops taking text once there are more than `idsMax` ids: what follows would be cut off.
    init(model: WordPiece, idsMax: Int) {
        self.model = model
        self.idsMax = idsMax
        word.reserveCapacity(64)
        ids.reserveCapacity(64)
    }

    /// More ids than asked for: further text cannot change the answer.
    var isFull: Bool { ids.count > idsMax }

    /// Takes an ASCII character.
    mutating func append(ascii byte: UInt8, _ role: Role) {
        switch role {
        case .letter:
            gather { $0.append(byte) }
        case .space:
            endWord()
        case .punctuation:
            endWord()
            word.append(byte)
            wordScalars = 1
            endWord()
        }
    }

    /// Takes any scalar.
    mutating func append(_ scalar: UInt32, _ role: Role) {
        switch role {
        case .letter:
            gather { UTF8Scalars.append(scalar, to: &$0) }
        case .space:
            endWord()
        case .punctuation:
            endWord()
            UTF8Scalars.append(scalar, to: &word)
            wordScalars = 1
            endWord()
        }
    }

    /// Takes a token that was cut out of the text before normalization.
    mutating func append(id: Int32) {
        endWord()
        ids.append(id)
    }

    /// Ends the word, if there is one; also at the end of the text.
    mutating func endWord() {
        guard wordScalars > 0 else { return }
        model.encode(word, scalars: wordScalars, into: &ids)
        word.removeAll(keepingCapacity: true)
        wordScalars = 0
    }

    /// A word too long for the model is only counted, so that a line of a million letters takes no memory.
    private mutating func gather(_ write: (inout [UInt8]) -> Void) {
        if wordScalars < model.wordScalarsMax { write(&word) }
        wordScalars += 1
    }
}
