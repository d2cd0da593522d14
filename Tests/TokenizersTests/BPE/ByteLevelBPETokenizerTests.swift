import Foundation
import Scoring
import Testing
import Tokenizers

@Suite("ByteLevelBPETokenizer")
struct ByteLevelBPETokenizerTests {
    private let small = ByteLevelBPEGolden.smallTokenizer.path

    @Test("merging equals its definition, for words short and long", arguments: [1, 2] as [UInt64])
    func merging(seed: UInt64) throws {
        let model = try ByteLevelBPEGolden.Model.load()
        let tokenizer = try ByteLevelBPETokenizer(tokenizerFile: small, tokensMax: 10_000)
        // Letters only, so that the whole is one word.
        let letters = Array("abcdefghilmnoprstuvyäé中学数學ß")
        let words = try ByteLevelBPEGolden.load().texts.flatMap { $0.text.split { !$0.isLetter || !$0.isASCII } }
        var generator = SeededGenerator(seed: seed)
        for round in 0..<300 {
            var word = ""
            for _ in 0..<[2, 5, 12, 40][round % 4] {
                if Bool.random(using: &generator) {
                    word += words.randomElement(using: &generator) ?? ""
                } else {
                    word.append(letters.randomElement(using: &generator) ?? "a")
                }
            }
            let expected = model.ids(of: word) + [Int32(model.vocab.count)]
            #expect(tokenizer.encode(word).ids == expected, "seed \(seed), \(word)")
        }
    }

    @Test("nothing gives the template alone")
    func empty() throws {
        let tokenizer = try ByteLevelBPETokenizer(tokenizerFile: small, tokensMax: 8)
        #expect(tokenizer.encode("") == TokenizedText(ids: [1000], isTruncated: false))
        #expect(tokenizer.vocabularyCount == 1026)
        #expect(tokenizer.idEnd == 1026)
    }

    @Test("truncation keeps the beginning and the template, and says so only when something was lost")
    func truncation() throws {
        let text = String(repeating: "1", count: 10)
        let whole = try ByteLevelBPETokenizer(tokenizerFile: small, tokensMax: 100).encode(text)
        #expect(whole.ids.count == 11)
        for tokensMax in 1...13 {
            let cut = try ByteLevelBPETokenizer(tokenizerFile: small, tokensMax: tokensMax).encode(text)
            #expect(cut.ids == whole.ids.prefix(min(10, tokensMax - 1)) + [1000])
            #expect(cut.isTruncated == (tokensMax < 11))
        }
        #expect(throws: TokenizerError.lengthTooSmall(maxLength: 0, specialTokens: 1)) {
            try ByteLevelBPETokenizer(tokenizerFile: small, tokensMax: 0)
        }
    }

    @Test("a megabyte without a place to cut is an ordinary text")
    func long() throws {
        let tokenizer = try ByteLevelBPETokenizer(tokenizerFile: small, tokensMax: 2_000_000)
        for part in ["a", "the", "中", " ", "\n", "\u{301}", "\u{1100}\u{1161}\u{11A8}", "'", "<|endoftext|>"] {
            let text = String(repeating: part, count: 1_000_000 / part.utf8.count)
            let found = tokenizer.encode(text)
            #expect(!found.isTruncated)
            #expect(found.ids.count > 1)
            #expect(found.ids.last == 1000)
        }
    }

    @Test("text and its canonical equivalents have the same ids")
    func composition() throws {
        let tokenizer = try ByteLevelBPETokenizer(tokenizerFile: small, tokensMax: 1000)
        let pairs = [
            ("\u{E9}", "e\u{301}"), ("\u{1EC7}", "e\u{302}\u{323}"), ("\u{1EC7}", "e\u{323}\u{302}"),
            ("\u{AC01}", "\u{1100}\u{1161}\u{11A8}"), ("\u{AC01}", "\u{AC00}\u{11A8}"), ("\u{C5}", "\u{212B}"),
            ("\u{915}\u{93C}", "\u{958}"), ("x\u{323}\u{307}", "x\u{307}\u{323}"),
        ]
        for (one, other) in pairs {
            #expect(tokenizer.encode("a\(one)b") == tokenizer.encode("a\(other)b"))
            #expect(tokenizer.encode(one) == tokenizer.encode(other))
        }
    }

    @Test("any number of threads may ask at once")
    func concurrency() async throws {
        let golden = try ByteLevelBPEGolden.load()
        let tokenizer = try ByteLevelBPETokenizer(tokenizerFile: small, tokensMax: golden.smallMax)
        let wrong = await withTaskGroup(of: Int.self) { group in
            for offset in 0..<8 {
                group.addTask {
                    golden.texts.indices.reduce(0) { wrong, i in
                        let at = (i + offset * 50) % golden.texts.count
                        return wrong + (tokenizer.encode(golden.texts[at].whole).ids == golden.small[at].ids ? 0 : 1)
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }
}
