import Foundation
import TestSupport
import Testing
import Tokenizers

@Suite("WordPiece equals the reference")
struct WordPieceGoldenTests {
    @Test("the small vocabulary gives the reference's ids")
    func smallVocabulary() throws {
        let golden = try WordPieceGolden.load()
        let tokenizer = try WordPieceTokenizer(
            tokenizerFile: WordPieceGolden.smallTokenizer.path, maxLength: golden.smallMaxLength)
        #expect(golden.texts.count == golden.small.count && golden.texts.count > 400)
        #expect(WordPieceGolden.mismatches(tokenizer.encode(_:), golden.texts, golden.small, "small") == 0)
    }

    @Test("every step of the normalizer can be on or off")
    func variants() throws {
        let golden = try WordPieceGolden.load()
        let texts = stride(from: 0, to: golden.texts.count, by: 3).map { golden.texts[$0] }
        #expect(golden.variants.count == 5)
        for variant in golden.variants {
            let steps = try JSONEncoder().encode(variant.normalizer)
            let folder = try TemporaryFolder()
            let file = try folder.smallTokenizer(
                replacing: TemporaryFolder.normalizer, with: String(decoding: steps, as: UTF8.self))
            let tokenizer = try WordPieceTokenizer(tokenizerFile: file, maxLength: golden.smallMaxLength)
            #expect(texts.count == variant.encodings.count)
            #expect(WordPieceGolden.mismatches(tokenizer.encode(_:), texts, variant.encodings, variant.name) == 0)
        }
    }

    @Test("the real vocabulary gives the reference's ids, from tokenizer.json and from vocab.txt")
    func realVocabulary() throws {
        guard let model = Repository.defaultModel else {
            print("tokenizers golden real: SKIPPED, no default model: run statezero model fetch")
            return
        }
        let golden = try WordPieceGolden.load()
        let tokenizer = try WordPieceTokenizer(modelFolder: model, maxLength: golden.maxLength)
        #expect(tokenizer.vocabularyCount == 30522)
        #expect(tokenizer.idEnd == 30522)
        #expect(WordPieceGolden.mismatches(tokenizer.encode(_:), golden.texts, golden.real, "real") == 0)

        let folder = try TemporaryFolder()
        for name in ["vocab.txt", "tokenizer_config.json"] {
            try folder.write(name, Data(contentsOf: URL(fileURLWithPath: "\(model)/\(name)")))
        }
        let fallback = try WordPieceTokenizer(modelFolder: folder.path, maxLength: golden.maxLength)
        #expect(WordPieceGolden.mismatches(fallback.encode(_:), golden.texts, golden.real, "vocab.txt") == 0)
    }
}
