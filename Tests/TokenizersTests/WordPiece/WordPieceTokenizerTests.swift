import Foundation
import Scoring
import Testing
import Tokenizers

@Suite("WordPieceTokenizer")
struct WordPieceTokenizerTests {
    private let small = WordPieceGolden.smallTokenizer.path

    @Test("nothing gives the special tokens alone")
    func empty() throws {
        let tokenizer = try WordPieceTokenizer(tokenizerFile: small, maxLength: 256)
        let nothing = tokenizer.encode("")
        #expect(nothing.ids.count == 2)
        #expect(!nothing.isTruncated)
        #expect(tokenizer.encode(" \u{0}\u{200B}\n\u{FFFD}\u{301}") == nothing)
    }

    @Test("truncation keeps the beginning and the special tokens, and says so only when something was lost")
    func truncation() throws {
        let text = String(repeating: "hello ", count: 10)
        let whole = try WordPieceTokenizer(tokenizerFile: small, maxLength: 256).encode(text)
        #expect(whole.ids.count == 12)
        for maxLength in 2...14 {
            let cut = try WordPieceTokenizer(tokenizerFile: small, maxLength: maxLength).encode(text)
            #expect(cut.ids == whole.ids.prefix(min(11, maxLength - 1)) + whole.ids.suffix(1))
            #expect(cut.isTruncated == (maxLength < 12))
        }
    }

    @Test("ids can be counted on to be below idEnd")
    func bounds() throws {
        let tokenizer = try WordPieceTokenizer(tokenizerFile: small, maxLength: 64)
        #expect(tokenizer.vocabularyCount == tokenizer.idEnd)
        let golden = try WordPieceGolden.load()
        for text in golden.texts {
            let ids = tokenizer.encode(text.whole).ids
            #expect(ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.idEnd })
            #expect(ids.count <= tokenizer.maxLength)
        }
    }

    @Test("bytes that are not UTF-8 read as String reads them", arguments: [1, 2, 3] as [UInt64])
    func brokenBytes(seed: UInt64) throws {
        let cleaned = try WordPieceTokenizer(tokenizerFile: small, maxLength: 256)
        let folder = try TemporaryFolder()
        let raw = try WordPieceTokenizer(
            tokenizerFile: folder.smallTokenizer(
                replacing: TemporaryFolder.normalizer,
                with: TemporaryFolder.normalizer.replacingOccurrences(
                    of: #""clean_text":true"#, with: #""clean_text":false"#)),
            maxLength: 256)
        var generator = SeededGenerator(seed: seed)
        // Bytes around which the rules of UTF-8 turn, more often than others.
        let telling: [UInt8] = [
            0x20, 0x61, 0x5B, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xCC, 0xDF, 0xE0, 0xE1, 0xED,
            0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                Bool.random(using: &generator)
                    ? telling[Int.random(in: 0..<telling.count, using: &generator)]
                    : UInt8.random(in: 0...255, using: &generator)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(cleaned.encode(utf8: bytes.span) == cleaned.encode(text), "seed \(seed), \(bytes)")
            #expect(raw.encode(utf8: bytes.span) == raw.encode(text), "seed \(seed), \(bytes)")
        }
    }

    @Test("a megabyte without a space, of marks, or of brackets is an ordinary text")
    func long() throws {
        let tokenizer = try WordPieceTokenizer(tokenizerFile: small, maxLength: 256)
        let unknown = tokenizer.encode("[UNK]")
        #expect(tokenizer.encode(String(repeating: "a", count: 1_000_000)) == unknown)
        #expect(tokenizer.encode("a" + String(repeating: "\u{301}", count: 500_000)) == tokenizer.encode("a"))
        #expect(tokenizer.encode(String(repeating: "\u{302E}\u{1B44}", count: 200_000)).ids == unknown.ids)
        #expect(tokenizer.encode(String(repeating: "[", count: 1_000_000)).isTruncated)
    }

    @Test("the order of marks that stay is canonical, whatever is between them")
    func reordering() throws {
        // U+302E (class 224) and U+1B44 (class 9) are no accents, so both stay; U+0301 (class 230) goes.
        let tokenizer = try WordPieceTokenizer(tokenizerFile: small, maxLength: 256)
        let ordered = tokenizer.encode("x\u{1B44}\u{302E}y")
        #expect(tokenizer.encode("x\u{302E}\u{1B44}y") == ordered)
        #expect(tokenizer.encode("x\u{302E}\u{301}\u{200B}\u{1B44}y") == ordered)
    }
}
