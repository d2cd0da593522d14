import Foundation
import Testing
import Tokenizers

@Suite("Byte-level BPE equals the reference")
struct ByteLevelBPEGoldenTests {
    @Test("the small vocabulary gives the reference's ids")
    func smallVocabulary() throws {
        let golden = try ByteLevelBPEGolden.load()
        let tokenizer = try ByteLevelBPETokenizer(
            tokenizerFile: ByteLevelBPEGolden.smallTokenizer.path, tokensMax: golden.smallMax)
        #expect(golden.texts.count == golden.small.count && golden.texts.count > 400)
        #expect(WordPieceGolden.mismatches(tokenizer.encode(_:), golden.texts, golden.small, "BPE small") == 0)
        // Every word comes from the cache now.
        #expect(WordPieceGolden.mismatches(tokenizer.encode(_:), golden.texts, golden.small, "BPE again") == 0)
    }

    @Test("without normalizer and template the ids are those of the unchanged text")
    func plain() throws {
        let golden = try ByteLevelBPEGolden.load()
        let folder = try TemporaryFolder()
        let text = try String(contentsOf: ByteLevelBPEGolden.smallTokenizer, encoding: .utf8)
        let start = try #require(text.range(of: #""post_processor":"#)).upperBound
        let end = try #require(text.range(of: #","decoder":"#)).lowerBound
        let file = try folder.write(
            "tokenizer.json",
            Data(
                text.replacingCharacters(in: start..<end, with: "null")
                    .replacingOccurrences(of: #"{"type":"NFC"}"#, with: "null").utf8))
        let tokenizer = try ByteLevelBPETokenizer(tokenizerFile: file, tokensMax: golden.smallMax)
        let texts = stride(from: 0, to: golden.texts.count, by: 3).map { golden.texts[$0] }
        #expect(texts.count == golden.plain.count)
        #expect(WordPieceGolden.mismatches(tokenizer.encode(_:), texts, golden.plain, "BPE plain") == 0)
    }

    @Test("the real vocabulary gives the reference's ids")
    func realVocabulary() throws {
        guard let folder = ProcessInfo.processInfo.environment["STATEZERO_QWEN_TOKENIZER"] else {
            print("tokenizers golden BPE real: SKIPPED, STATEZERO_QWEN_TOKENIZER (a folder by qwen.py) is not set")
            return
        }
        let golden = try ByteLevelBPEGolden.load()
        let start = ReferenceComparisonTests.processorSeconds()
        let tokenizer = try ByteLevelBPETokenizer(
            tokenizerFile: "\(folder)/tokenizer.json", tokensMax: golden.realMax)
        print("tokenizers BPE load: \(ReferenceComparisonTests.processorSeconds() - start) s on the processor")
        #expect(tokenizer.vocabularyCount == 151_669)
        #expect(tokenizer.idEnd == 151_669)
        #expect(WordPieceGolden.mismatches(tokenizer.encode(_:), golden.texts, golden.real, "BPE real") == 0)
    }
}
