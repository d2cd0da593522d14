import Foundation
import Testing
import Tokenizers

/// Compares with all that `scripts/goldens/tokenizers/compare.py` wrote; needs `STATEZERO_TOKENIZER_CASES`.
@Suite("Comparison with the reference at large")
struct ReferenceComparisonTests {
    /// A text and what the reference makes of it.
    private struct Case {
        let text: Range<Int>
        let isTruncated: Bool
        let ids: [Int32]
    }

    /// A file's texts, and how many ids one may have.
    private static func cases(of bytes: [UInt8]) -> (maxLength: Int, cases: [Case]) {
        var cases: [Case] = []
        var index = 0
        func word() -> UInt32 {
            defer { index += 4 }
            return (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
        }
        let maxLength = Int(word())
        while index < bytes.count {
            let length = Int(word())
            let text = index..<(index + length)
            index += length
            let isTruncated = word() != 0
            let count = Int(word())
            cases.append(Case(text: text, isTruncated: isTruncated, ids: (0..<count).map { _ in Int32(word()) }))
        }
        return (maxLength, cases)
    }

    private typealias Encode = (String) -> TokenizedText

    private static func encode(kind: String, model: String, maxLength: Int) throws -> Encode {
        switch kind {
        case "WordPiece":
            let tokenizer = try WordPieceTokenizer(modelFolder: model, maxLength: maxLength)
            return tokenizer.encode(_:)
        case "BPE":
            let tokenizer = try ByteLevelBPETokenizer(tokenizerFile: "\(model)/tokenizer.json", tokensMax: maxLength)
            return tokenizer.encode(_:)
        case "Unigram":
            let tokenizer = try UnigramTokenizer(tokenizerFile: "\(model)/tokenizer.json", tokensMax: maxLength)
            return tokenizer.encode(_:)
        default:
            throw TokenizerError.unsupported(path: "model.txt", field: "kind", value: kind)
        }
    }

    @Test("no text of the large comparison differs")
    func large() throws {
        guard let path = ProcessInfo.processInfo.environment["STATEZERO_TOKENIZER_CASES"] else {
            print("tokenizers comparison: SKIPPED, STATEZERO_TOKENIZER_CASES is not set")
            return
        }
        let folder = URL(fileURLWithPath: path)
        let lines = try String(contentsOf: folder.appendingPathComponent("model.txt"), encoding: .utf8)
            .split(separator: "\n").map(String.init)
        let model = try #require(lines.first)
        let kind = try #require(lines.dropFirst().first)

        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".cases") }.sorted()
        #expect(!names.isEmpty)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
            let (maxLength, cases) = Self.cases(of: bytes)
            let encode = try Self.encode(kind: kind, model: model, maxLength: maxLength)
            var mismatches = 0
            for one in cases {
                let text = String(decoding: bytes[one.text], as: UTF8.self)
                let found = encode(text)
                guard found.ids != one.ids || found.isTruncated != one.isTruncated else { continue }
                mismatches += 1
                if mismatches <= 5 {
                    let scalars = text.unicodeScalars.prefix(100).map { String($0.value, radix: 16) }
                    print("\(name): \(scalars)\n  \(one.ids.prefix(100))\n  \(found.ids.prefix(100))")
                }
            }
            print("tokenizers comparison \(name): \(cases.count) texts, \(mismatches) mismatches")
            #expect(mismatches == 0)

            let seconds = folder.appendingPathComponent(name.replacingOccurrences(of: ".cases", with: ".seconds"))
            guard FileManager.default.fileExists(atPath: seconds.path) else { continue }
            let reference = try #require(
                Double(try String(contentsOf: seconds, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
            )
            Self.printSpeed(
                encode, texts: cases.map { String(decoding: bytes[$0.text], as: UTF8.self) }, name, reference)
        }
    }

    /// Time of this thread on the processor, so that whatever else runs on the machine does not count.
    static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func printSpeed(
        _ encode: Encode, texts: [String], _ name: String, _ reference: Double
    ) {
        let size = texts.reduce(0) { $0 + $1.utf8.count }
        var best = Double.infinity
        var count = 0
        for _ in 0..<3 {
            count = 0
            let start = processorSeconds()
            for text in texts { count += encode(text).ids.count }
            best = min(best, processorSeconds() - start)
        }
        print(
            "tokenizers speed \(name): \(texts.count) texts, \(size) bytes, \(count) ids; ours \(best) s, "
                + "\(Double(size) / best / 1e6) MB/s; reference \(reference) s; ratio \(reference / best)")
    }
}
