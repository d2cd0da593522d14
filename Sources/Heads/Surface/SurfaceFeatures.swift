internal import Foundation
import Scoring

/// Features of a text that need no language model: length, words, digits, marks of code and mathematics.
///
/// Thirty numbers from one pass over the UTF-8 bytes. They add about 0.03 to the AUC of the embedding alone. White space
/// is ASCII's six characters, a character is a byte that does not continue one, and only ASCII letters have a case, so
/// that `scripts/head/surface_features.py`, the slow version, counts the same to the byte.
public enum SurfaceFeatures {
    /// Features a text.
    public static let count = 30

    /// The features of a text, `count` finite numbers, not yet standardised. Cost: some 20 ns a byte.
    public static func features(of text: String) -> [Float] {
        var tally = SurfaceTally()
        var text = text
        text.withUTF8 { bytes in
            for byte in bytes { tally.read(byte) }
        }
        tally.finish()
        return tally.features
    }

    /// What features kept on a disk depend on: the bits that a few texts have. It changes with the code by itself.
    package static let identity: String = {
        let bits = probes.flatMap { features(of: $0).map { String($0.bitPattern, radix: 16) } }
        return "surface \(Digest(of: bits.joined(separator: " ")).hex)"
    }()

    private static let probes = [
        "", "Is 3.5 the ONLY answer, or never?\n    x = 12 + 7\n", "\\frac{1}{2} $a_1$ Größe {\"k\": [1, -20]} 1000000",
        "Explain why it is not always possible.\r\n\tdef f(x): return x ** 2  # 3 * 4 < 13\n\n- a; b",
    ]
}

/// Counters of one pass.
private struct SurfaceTally {
    private var characters = 0
    private var nonASCII = 0
    private var upperCase = 0
    /// Occurrences of each ASCII byte.
    private var counts = [Int](repeating: 0, count: 128)
    private var commands = 0
    private var isAfterBackslash = false

    private var words = 0
    private var wordCharacters = 0
    private var wordLength = 0
    private var longestWord = 0
    private var capitalised = 0
    private var extremes = 0
    private var negations = 0
    /// Of the word being read; `nil` between words.
    private var wordHash: StableHash?
    /// The word in lower case, as long as it could be one of the lists'.
    private var word: [UInt8] = []
    private var distinct: Set<StableHash> = []

    private var numbers = 0
    private var digits = 0
    private var numberLength = 0
    private var number = 0.0
    private var longestNumber = 0
    private var numberSum = 0.0

    private var lineLength = 0
    private var longestLine = 0
    private var indentedLines = 0
    private var isLineStart = true

    /// No listed word with its punctuation is longer.
    private static let wordMax = 24
    private static let numberMax = 1e9
    private static let extremeWords = listed([
        "prove", "maximum", "minimum", "largest", "smallest", "least", "most", "greatest", "maximize", "minimize",
        "maximal", "minimal",
    ])
    private static let negationWords = listed([
        "not", "no", "never", "except", "none", "without", "neither", "nor", "cannot",
    ])
    /// From “no” to “maximize”.
    private static let listedLengths = 2...8

    /// The hash of each word.
    private static func listed(_ words: [String]) -> Set<StableHash> {
        Set(words.map { StableHash(of: $0) })
    }

    private static func isPunctuation(_ byte: UInt8) -> Bool {
        switch byte {
        case 33, 34, 39, 40, 41, 44, 46, 58, 59, 63: true  // ! " ' ( ) , . : ; ?
        default: false
        }
    }

    mutating func read(_ byte: UInt8) {
        let startsCharacter = byte & 0xC0 != 0x80
        if startsCharacter { characters += 1 }
        if byte < 128 { counts[Int(byte)] += 1 }
        if byte >= 0xC0 { nonASCII += 1 }
        let isUpper = byte >= 65 && byte <= 90
        if isUpper { upperCase += 1 }

        // LaTeX: \alpha, \( and \[.
        if isAfterBackslash, isUpper || (byte >= 97 && byte <= 122) || byte == 40 || byte == 91 { commands += 1 }
        isAfterBackslash = byte == 92

        if byte >= 48, byte <= 57 {
            digits += 1
            numberLength += 1
            number = min(number * 10 + Double(byte - 48), 1e300)
        } else if numberLength > 0 {
            endNumber()
        }

        if byte == 32 || (byte >= 9 && byte <= 13) {
            endWord()
        } else {
            if wordLength == 0, wordHash == nil {
                wordHash = StableHash()
                if isUpper { capitalised += 1 }
            }
            if startsCharacter { wordLength += 1 }
            wordHash?.combine(byte)
            if word.count <= Self.wordMax { word.append(isUpper ? byte + 32 : byte) }
        }

        if byte == 10 {
            endLine()
        } else {
            if isLineStart, byte == 32 || byte == 9 { indentedLines += 1 }
            isLineStart = false
            if startsCharacter { lineLength += 1 }
        }
    }

    mutating func finish() {
        if numberLength > 0 { endNumber() }
        endWord()
        endLine()
    }

    private mutating func endNumber() {
        numbers += 1
        longestNumber = max(longestNumber, numberLength)
        numberSum += min(number, Self.numberMax)
        numberLength = 0
        number = 0
    }

    private mutating func endWord() {
        guard let wordHash else { return }
        words += 1
        wordCharacters += wordLength
        longestWord = max(longestWord, wordLength)
        distinct.insert(wordHash)
        countListed()
        wordLength = 0
        self.wordHash = nil
        word.removeAll(keepingCapacity: true)
    }

    /// Looks the word up without the punctuation around it.
    private mutating func countListed() {
        guard word.count <= Self.wordMax else { return }
        var start = 0
        var end = word.count
        while start < end, Self.isPunctuation(word[start]) { start += 1 }
        while end > start, Self.isPunctuation(word[end - 1]) { end -= 1 }
        guard Self.listedLengths.contains(end - start) else { return }
        var hash = StableHash()
        hash.combine(word[start..<end])
        if Self.extremeWords.contains(hash) { extremes += 1 }
        if Self.negationWords.contains(hash) { negations += 1 }
    }

    private mutating func endLine() {
        longestLine = max(longestLine, lineLength)
        lineLength = 0
        isLineStart = true
    }

    /// In the order of NAMES in `surface_features.py`.
    var features: [Float] {
        func marks(_ letters: String) -> Double { letters.utf8.reduce(0) { $0 + Double(counts[Int($1)]) } }
        let ratios = (
            wordLength: Double(wordCharacters) / Double(max(1, words)),
            upperCase: Double(upperCase) / Double(max(1, characters)),
            distinct: Double(distinct.count) / Double(max(1, words)), magnitude: log1p(numberSum) / 4
        )
        let features: [Double] = [
            log1p(Double(characters)), log1p(Double(words)), log1p(marks("\n")), log1p(Double(numbers)),
            log1p(Double(digits)), log1p(marks("$")), log1p(Double(commands)), log1p(marks("=+*/^<>")),
            log1p(marks("?")), ratios.wordLength, log1p(Double(nonASCII)), ratios.upperCase,
            log1p(Double(longestNumber)), log1p(marks("()")), log1p(marks(",")), log1p(marks("[]{}")),
            log1p(marks("\"'`")), log1p(Double(longestLine)), ratios.distinct, log1p(marks(".!")), log1p(marks(":")),
            log1p(marks(";")), log1p(marks("_")), log1p(Double(indentedLines)), log1p(marks("-")),
            log1p(Double(extremes)), log1p(Double(longestWord)), ratios.magnitude, log1p(Double(negations)),
            log1p(Double(capitalised)),
        ]
        return features.map { Float($0) }
    }
}
