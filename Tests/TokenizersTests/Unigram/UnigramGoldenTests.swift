import Foundation
import Scoring
import TestSupport
import Testing
import Tokenizers

@Suite("Unigram equals the reference")
struct UnigramGoldenTests {
    private struct Golden: Decodable {
        let max: Int
        let texts: [WordPieceGolden.Text]
        let plain: [WordPieceGolden.Encoding]
        let variants: [Variant]
    }

    private struct Variant: Decodable {
        let name: String
        /// Of every second text.
        let encodings: [WordPieceGolden.Encoding]
    }

    private static let plain = WordPieceGolden.folder.appending(path: "unigram-small.json")
    private static let file = WordPieceGolden.folder.appending(path: "unigram.json")

    @Test("a model laid out as XLM-RoBERTa's gives the reference's ids for many scripts, accidents and hostile texts")
    func plain() throws {
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: Self.file))
        let tokenizer = try UnigramTokenizer(tokenizerFile: Self.plain.path, tokensMax: golden.max)
        #expect(golden.texts.count == golden.plain.count && golden.texts.count > 250)
        #expect(WordPieceGolden.mismatches(tokenizer.encode(_:), golden.texts, golden.plain, "Unigram") == 0)
    }

    @Test("normalizers and pre-tokenizers of all versions of transformers, and tokens of bytes")
    func variants() throws {
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: Self.file))
        let texts = stride(from: 0, to: golden.texts.count, by: 2).map { golden.texts[$0] }
        let changes = try Self.changes()
        #expect(golden.variants.map(\.name) == ["collapsed", "stripped", "bare", "bytes"])
        for (variant, change) in zip(golden.variants, changes) {
            let folder = try TemporaryFolder()
            let file = try Self.write(change, to: folder)
            let tokenizer = try UnigramTokenizer(tokenizerFile: file, tokensMax: golden.max)
            #expect(texts.count == variant.encodings.count)
            #expect(WordPieceGolden.mismatches(tokenizer.encode(_:), texts, variant.encodings, variant.name) == 0)
        }
    }

    @Test("a text has the same ids whatever the maximum length, up to there")
    func prefixes() throws {
        let long = try UnigramTokenizer(tokenizerFile: Self.plain.path, tokensMax: 10_000)
        let text = String(repeating: "Привет мир, hello world! 中文字符 <mask> ", count: 30)
        let ids = long.encode(text).ids
        for tokensMax in [2, 3, 17, ids.count - 1, ids.count] {
            let found = long.reading(tokensMax).encode(text)
            #expect(found.ids == ids.prefix(tokensMax - 1) + [2])
            #expect(found.isTruncated == (tokensMax < ids.count))
        }
    }

    @Test(
        "what is not done is refused by its field",
        arguments: [
            (#""prepend_scheme":"always""#, #""prepend_scheme":"first""#, "prepend_scheme"),
            (#""type":"Precompiled""#, #""type":"NFKC""#, "normalizer.type"),
            (#""unk_id":3"#, #""unk_id":99999"#, "model.unk_id"),
            (#""unk_id":3"#, #""unk_id":null"#, "model.unk_id"),
            (#""type":"Unigram""#, #""type":"WordLevel""#, "model.type"),
            (#"["<pad>",0.0]"#, #"["<pad>"]"#, "model.vocab[1]"),
            (#"["<pad>",0.0]"#, #"["<pad>",1e999]"#, "model.vocab[1]"),
            (#"{"id":1,"content":"<pad>""#, #"{"id":2,"content":"<pad>""#, "<pad>"),
            (#""precompiled_charsmap":""#, #""precompiled_charsmap":"!"#, "precompiled_charsmap"),
        ])
    func refuses(old: String, new: String, field: String) throws {
        let folder = try TemporaryFolder()
        let text = try String(contentsOf: Self.plain, encoding: .utf8)
        let changed = text.replacingOccurrences(of: old, with: new)
        #expect(changed != text)
        try folder.write("tokenizer.json", Data(changed.utf8))
        let error = #expect(throws: TokenizerError.self) {
            try UnigramTokenizer(tokenizerFile: "\(folder.path)/tokenizer.json", tokensMax: 10)
        }
        #expect(error.map { "\($0)".contains(field) } == true, "\(String(describing: error))")
    }

    @Test("a character map with any bytes changed is refused or answers; it never reads outside itself")
    func damagedMaps() throws {
        let folder = try TemporaryFolder()
        let text = try String(contentsOf: Self.plain, encoding: .utf8)
        let start = try #require(text.range(of: #""precompiled_charsmap":""#)).upperBound
        let end = try #require(text[start...].firstIndex(of: "\""))
        let map = try #require(Data(base64Encoded: String(text[start..<end])))
        var random = SeededGenerator(seed: 3)
        let sample =
            "Ａ ﬁ ½ e\u{301} 각 \r\n ㍿ 한국어 😀 ｶﾞ "
            + String((0..<300).compactMap { Unicode.Scalar($0 * 13) }.map(Character.init))
        for round in 0..<12 {
            var damaged = map
            // The trie alone in every second round: bytes of the results that are not UTF-8 are refused at once.
            let trie = (0..<4).reduce(0) { $0 | Int(map[$1]) << (8 * $1) }
            for _ in 0..<(round == 0 ? 0 : 20_000) {
                let end = round % 2 == 0 ? 4 + trie : damaged.count
                damaged[Int.random(in: 4..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if round % 4 == 3 { damaged = damaged.prefix(Int.random(in: 0..<damaged.count, using: &random)) }
            let changed = text.replacingCharacters(in: start..<end, with: damaged.base64EncodedString())
            try folder.write("tokenizer.json", Data(changed.utf8))
            let tokenizer = try? UnigramTokenizer(tokenizerFile: "\(folder.path)/tokenizer.json", tokensMax: 500)
            let count = tokenizer?.encode(sample).ids.count ?? 2
            #expect((2...500).contains(count), "round \(round)")
        }
    }

    // MARK: - variants

    /// The variants' changes as JSON, in order.
    private static func changes() throws -> [[String: Any]] {
        let root = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        let variants = try #require(root["variants"] as? [[String: Any]])
        return variants.compactMap { $0["changes"] as? [String: Any] }
    }

    /// The plain file with a variant's changes: as `make_unigram.py` makes it.
    private static func write(_ change: [String: Any], to folder: TemporaryFolder) throws -> String {
        var root = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: plain)) as? [String: Any])
        let map = root["normalizer"]
        for (key, value) in change where key != "model" { root[key] = value }
        if var normalizer = root["normalizer"] as? [String: Any],
            let steps = normalizer["normalizers"] as? [[String: Any]]
        {
            normalizer["normalizers"] = steps.map { $0["type"] as? String == "Precompiled" ? map ?? $0 : $0 }
            root["normalizer"] = normalizer
        }
        if let more = change["model"] as? [String: Any], var model = root["model"] as? [String: Any] {
            let bytes: [[Any]] = (0..<256).map { [String(format: "<0x%02X>", $0), -20.0] }
            model["vocab"] = (model["vocab"] as? [[Any]] ?? []) + bytes
            for (key, value) in more { model[key] = value }
            root["model"] = model
        }
        try folder.write("tokenizer.json", JSONSerialization.data(withJSONObject: root))
        return "\(folder.path)/tokenizer.json"
    }
}
