import Encoders
import Foundation
import ModelFiles
import Scoring
import TestSupport
import Testing
import Tokenizers

@Suite("Windows of long texts")
struct TextWindowsTests {
    private static let template = SequenceTemplate(before: [101], after: [102])

    /// The tiny model, whose vocabulary has no [MASK], with a tokenizer all the same.
    private static func tiny() throws -> String {
        let path = try GoldenEncoderFolder.copy("tiny")
        try ScratchFolder.write(#"{"mask_token": "word63"}"#, to: "\(path)/tokenizer_config.json")
        return path
    }

    private static func ids(_ count: Int) -> [Int32] { template.ids(around: (0..<Int32(count)).map { $0 }[...]) }

    @Test("a sequence that fits is one window, unchanged", arguments: [0, 1, 253, 254])
    func fits(count: Int) {
        let windows = TextWindows(tokensMax: 256, template: Self.template)
        #expect(windows.windows(of: Self.ids(count), prompt: 0) == [Self.ids(count)])
    }

    @Test("windows cover every token in order, share an eighth, and are never longer than the encoder reads")
    func covers() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let tokensMax = Int.random(in: 3...600, using: &random)
            let windows = TextWindows(tokensMax: tokensMax, template: Self.template)
            let prompt = Int.random(in: 0...8, using: &random)
            let readMax = windows.readMax(prompt: prompt)
            #expect(readMax >= tokensMax)
            let sequence = Self.ids(Int.random(in: prompt...max(prompt, readMax - 2), using: &random))
            let found = windows.windows(of: sequence, prompt: prompt)
            #expect((1...TextWindows.countMax).contains(found.count))
            #expect(found.allSatisfy { $0.count <= max(tokensMax, sequence.count <= tokensMax ? tokensMax : 0) })
            #expect(found.allSatisfy { $0.first == 101 && $0.last == 102 })
            let repeats = found.count > 1 && 2 * prompt <= tokensMax - 2 ? prompt : 0
            var covered: [Int32] = Array(0..<Int32(repeats))
            let overlap = (tokensMax - 2 - repeats) / TextWindows.overlapDivisor
            for (index, window) in found.enumerated() {
                let body = Array(window.dropFirst().dropLast())
                #expect(Array(body.prefix(repeats)) == Array(0..<Int32(repeats)))
                let text = body.dropFirst(repeats)
                #expect(index == 0 || Array(text.prefix(overlap)) == Array(covered.suffix(overlap)))
                covered += text.dropFirst(index == 0 ? 0 : overlap)
            }
            #expect(covered == Array(sequence.dropFirst().dropLast()))
        }
    }

    @Test("MiniLM's windows read 1,815 tokens of a text; those of 512 tokens 3,639")
    func bounds() {
        for (tokensMax, read) in [(256, 1815), (512, 3639)] {
            let windows = TextWindows(tokensMax: tokensMax, template: Self.template)
            #expect(windows.readMax(prompt: 0) - 2 == read)
            #expect(windows.windows(of: Self.ids(read), prompt: 0).count == 8)
        }
    }

    @Test("the embedding of a long text is the mean of the states of all its windows, by the slow reference")
    func longMean() throws {
        let tiny = try Self.tiny()
        let encoder = try SentenceEncoder(folder: SentenceTransformerFolder(path: tiny), threads: 2)
        let plain = try Self.tiny()
        try ScratchFolder.write(
            #"[{"path": "", "type": "Transformer"}, {"path": "1_Pooling", "type": "Pooling"}]"#,
            to: "\(plain)/modules.json")
        let folder = try SentenceTransformerFolder(path: plain)
        let reference = BertReference(folder: folder)
        let short = try WordPieceTokenizer(modelFolder: plain, maxLength: folder.configuration.tokensMax)
        let windows = TextWindows(tokensMax: folder.configuration.tokensMax, template: short.template)
        let texts = [40, 60, 200, 5000].map { (0..<$0).map { "word\($0 % 61) ab" }.joined(separator: " ") }
        let found = try encoder.encode(texts)
        #expect(found.isTruncated == [false, false, true, true])
        for (row, text) in texts.enumerated() {
            let parts = windows.windows(of: short.reading(windows.readMax(prompt: 0)).encode(text).ids, prompt: 0)
            #expect(parts.count == [3, 5, 8, 8][row])
            var sum = [Double](repeating: 0, count: 32)
            for part in parts {
                for (column, value) in try reference.encode(part).enumerated() {
                    sum[column] += value * Double(part.count)
                }
            }
            let norm = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let error = largestDifference(Array(found.row(row)), sum.map { Float($0 / norm) })
            print("\(parts.count) windows: max error \(error) (tolerance 1e-5)")
            #expect(error < 1e-5)
        }
    }

    @Test(
        "a long text has the same bits alone and in a batch; its end counts, and the order of its parts",
        arguments: ["tiny", "bge", "e5", "dense"])
    func sameBits(name: String) throws {
        let path = name == "tiny" ? try Self.tiny() : try GoldenEncoderFolder.copy(name)
        let encoder: any TextEncoder =
            try SentencePipelineFolder.matches(path)
            ? try SentencePipelineEncoder(folder: SentencePipelineFolder(path: path), threads: 2)
            : try SentenceEncoder(folder: SentenceTransformerFolder(path: path), threads: 2)
        let long = String(repeating: "a b c d e f 1 2 3 what is the sum of ", count: 50)
        let texts = ["a", long, "b c", long + "x", long + "y", "", String(long.reversed())]
        let together = try encoder.encode(texts)
        for (row, text) in texts.enumerated() {
            let alone = try encoder.encode([text])
            #expect(alone.values.map(\.bitPattern) == together.row(row).map(\.bitPattern))
            #expect(alone.isTruncated == [together.isTruncated[row]])
            let norm = alone.values.reduce(0) { $0 + $1 * $1 }
            #expect(abs(norm - 1) < 1e-5)
        }
        if name != "tiny" {
            #expect(!Array(together.row(3)).elementsEqual(together.row(4)))
            #expect(together.isTruncated.allSatisfy { !$0 })
        }
        #expect(encoder.facts.identity.contains(TextWindows.identity))
    }
}
