import Scoring
import Testing
import Tokenizers

@Suite("QwenSplit")
struct QwenSplitTests {
    private let split = QwenSplit()

    private func words(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var words: [String] = []
        var start = 0
        while start < bytes.count {
            let end = split.wordEnd(in: bytes.span, from: start, to: bytes.count)
            words.append(String(decoding: bytes[start..<end], as: UTF8.self))
            start = end
        }
        return words
    }

    @Test(
        "each alternative of the pattern matches what it should",
        arguments: [
            ("it's we'LL O'Re'\u{17F}", ["it", "'s", " we", "'LL", " O", "'Re", "'\u{17F}"]),
            ("a1٣b", ["a", "1", "٣", "b"]),
            ("x.y -z\tq", ["x", ".y", " -", "z", "\tq"]),
            ("hi!!\r\n\nyou", ["hi", "!!\r\n\n", "you"]),
            ("a   b \n  c  ", ["a", "  ", " b", " \n", " ", " c", "  "]),
            ("\u{3000}中文 。", ["\u{3000}中文", " 。"]),
            ("\u{1C}a\u{85}", ["\u{1C}a", "\u{85}"]),
        ])
    func alternatives(text: String, expected: [String]) {
        #expect(words(text).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }

    @Test("any text is cut as by the pattern", arguments: [1, 2, 3] as [UInt64])
    func property(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let telling = Array(
            "'''sStTrReEvVmMlLdDſ  \n\r\t\u{A0}\u{3000}\u{2028}a中é1٣½!.-\u{301}\u{200D}😀\u{FFFD}\0\u{1F}".unicodeScalars
        )
        for _ in 0..<20_000 {
            var view = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 1...14, using: &generator) {
                let any = Unicode.Scalar(UInt32.random(in: 0..<0x11_0000, using: &generator))
                view.append(
                    Int.random(in: 0..<12, using: &generator) == 0
                        ? any ?? "x" : telling.randomElement(using: &generator) ?? "x")
            }
            let text = String(view)
            #expect(
                words(text).map { Array($0.utf8) } == SplitReference.words(text).map { Array($0.utf8) },
                "seed \(seed), \(text.debugDescription)")
        }
    }
}
