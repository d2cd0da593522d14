import Foundation
import Tokenizers

/// Texts and the reference's ids, from `scripts/goldens/tokenizers/make_bpe.py`.
struct ByteLevelBPEGolden: Decodable {
    let made: String
    let smallMax: Int
    let realMax: Int
    let texts: [WordPieceGolden.Text]
    let small: [WordPieceGolden.Encoding]
    /// Of every third text, without normalizer and template.
    let plain: [WordPieceGolden.Encoding]
    let real: [WordPieceGolden.Encoding]

    static let smallTokenizer = WordPieceGolden.folder.appendingPathComponent("bpe-small.json")

    static func load() throws -> ByteLevelBPEGolden {
        let data = try Data(contentsOf: WordPieceGolden.folder.appendingPathComponent("bpe.json"))
        return try JSONDecoder().decode(ByteLevelBPEGolden.self, from: data)
    }

    /// Tokens and merges of the small file, read without the code under test.
    struct Model: Decodable {
        let vocab: [String: Int32]
        let merges: [[String]]

        static func load() throws -> Model {
            struct File: Decodable { let model: Model }
            return try JSONDecoder().decode(File.self, from: Data(contentsOf: smallTokenizer)).model
        }

        /// One byte's name in the vocabulary.
        static let byteNames: [String] = {
            var stranger: UInt32 = 0x100
            return (0..<256 as Range<UInt32>).map { byte in
                if (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174 {
                    return String(Character(Unicode.Scalar(UInt8(byte))))
                }
                defer { stranger += 1 }
                return Unicode.Scalar(stranger).map { String(Character($0)) } ?? ""
            }
        }()

        /// Byte pair encoding as its definition has it: look at all pairs, join the first of the lowest rank, begin
        /// again.
        func ids(of word: String) -> [Int32?] {
            var ranks: [[String]: Int] = [:]
            for (rank, merge) in merges.enumerated() { ranks[merge] = rank }
            var parts = word.utf8.map { Self.byteNames[Int($0)] }
            while let best = parts.indices.dropLast().compactMap({ i in
                ranks[[parts[i], parts[i + 1]]].map { (rank: $0, index: i) }
            }).min(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) {
                parts[best.index] += parts.remove(at: best.index + 1)
            }
            return parts.map { vocab[$0] }
        }
    }
}
