import Tokenizers

/// The split pattern, one alternative after the other, going back where a regular expression would.
enum SplitReference {
    typealias Scalars = [Unicode.Scalar]

    /// The words of a text.
    static func words(_ text: String) -> [String] {
        let scalars = Array(text.unicodeScalars)
        var words: [String] = []
        var start = 0
        while start < scalars.count {
            let end = end(scalars, start)
            var word = String.UnicodeScalarView()
            word.append(contentsOf: scalars[start..<end])
            words.append(String(word))
            start = end
        }
        return words
    }

    private static func end(_ s: Scalars, _ i: Int) -> Int {
        contraction(s, i) ?? letters(s, i) ?? number(s, i) ?? others(s, i) ?? lineEnds(s, i) ?? spaces(s, i)
    }

    private static func isLetter(_ s: Unicode.Scalar) -> Bool { ScalarKind.kind(of: s) == ScalarKind.letter }
    private static func isNumber(_ s: Unicode.Scalar) -> Bool { ScalarKind.kind(of: s) == ScalarKind.number }
    private static func isSpace(_ s: Unicode.Scalar) -> Bool { ScalarKind.kind(of: s) == ScalarKind.space }
    private static func isLineEnd(_ s: Unicode.Scalar) -> Bool { s == "\r" || s == "\n" }
    private static func isOther(_ s: Unicode.Scalar) -> Bool { !isLetter(s) && !isNumber(s) && !isSpace(s) }

    /// Where the longest run of some scalars from `i` ends.
    private static func run(_ s: Scalars, _ i: Int, _ belongs: (Unicode.Scalar) -> Bool) -> Int {
        s[i...].firstIndex { !belongs($0) } ?? s.count
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
    private static func contraction(_ s: Scalars, _ i: Int) -> Int? {
        for ending in ["s", "t", "re", "ve", "m", "ll", "d"] {
            let end = i + 1 + ending.count
            guard s[i] == "'", end <= s.count else { continue }
            let folded = s[(i + 1)..<end].map { $0 == "\u{17F}" ? "s" : $0.isASCII ? "\($0)".lowercased() : "\($0)" }
            if folded.joined() == ending { return end }
        }
        return nil
    }

    /// `[^\r\n\p{L}\p{N}]?\p{L}+`
    private static func letters(_ s: Scalars, _ i: Int) -> Int? {
        for prefix in [1, 0] {
            if prefix == 1, isLineEnd(s[i]) || isLetter(s[i]) || isNumber(s[i]) { continue }
            let end = run(s, i + prefix, isLetter)
            if end > i + prefix { return end }
        }
        return nil
    }

    /// `\p{N}`
    private static func number(_ s: Scalars, _ i: Int) -> Int? { isNumber(s[i]) ? i + 1 : nil }

    /// ` ?[^\s\p{L}\p{N}]+[\r\n]*`
    private static func others(_ s: Scalars, _ i: Int) -> Int? {
        for prefix in [1, 0] {
            if prefix == 1, s[i] != " " { continue }
            let end = run(s, i + prefix, isOther)
            if end > i + prefix { return run(s, end, isLineEnd) }
        }
        return nil
    }

    /// `\s*[\r\n]+`
    private static func lineEnds(_ s: Scalars, _ i: Int) -> Int? {
        for j in (i...run(s, i, isSpace)).reversed() {
            let end = run(s, j, isLineEnd)
            if end > j { return end }
        }
        return nil
    }

    /// `\s+(?!\S)|\s+`
    private static func spaces(_ s: Scalars, _ i: Int) -> Int {
        let end = run(s, i, isSpace)
        for j in ((i + 1)...max(i + 1, end)).reversed() where j == s.count || isSpace(s[j]) { return j }
        return max(end, i + 1)
    }
}
