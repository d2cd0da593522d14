import Foundation
import TestSupport
import Tokenizers

/// Texts and the reference's ids, from `scripts/goldens/tokenizers/make_wordpiece.py`.
struct WordPieceGolden: Decodable {
    struct Text: Decodable {
        let text: String
        let times: Int

        var whole: String { String(repeating: text, count: times) }
    }

    struct Encoding: Decodable {
        let ids: [Int32]
        let isTruncated: Bool
    }

    struct Variant: Decodable {
        struct Steps: Codable {
            let type: String
            let cleanText: Bool
            let handleChineseChars: Bool
            let stripAccents: Bool?
            let lowercase: Bool

            enum CodingKeys: String, CodingKey {
                case type, lowercase
                case cleanText = "clean_text"
                case handleChineseChars = "handle_chinese_chars"
                case stripAccents = "strip_accents"
            }
        }

        let name: String
        let normalizer: Steps
        let encodings: [Encoding]
    }

    let made: String
    let maxLength: Int
    let smallMaxLength: Int
    let texts: [Text]
    let real: [Encoding]
    let small: [Encoding]
    /// Of every third text.
    let variants: [Variant]

    static let folder = Repository.root.appending(path: "Tests/Goldens/tokenizers")

    static let smallTokenizer = folder.appendingPathComponent("tokenizer-small.json")

    static func load() throws -> WordPieceGolden {
        let data = try Data(contentsOf: folder.appendingPathComponent("wordpiece.json"))
        return try JSONDecoder().decode(WordPieceGolden.self, from: data)
    }

    /// How many texts get other ids or another flag than the reference gives; the first few are printed.
    static func mismatches(
        _ encode: (String) -> TokenizedText, _ texts: [Text], _ expected: [Encoding], _ name: String
    ) -> Int {
        var count = 0
        for (text, expected) in zip(texts, expected) {
            let found = encode(text.whole)
            guard found.ids != expected.ids || found.isTruncated != expected.isTruncated else { continue }
            count += 1
            if count <= 5 { print("\(name): \(text.text.debugDescription)\n  \(expected)\n  \(found)") }
        }
        print("tokenizers golden \(name): \(texts.count) texts, \(count) mismatches")
        return count
    }
}
