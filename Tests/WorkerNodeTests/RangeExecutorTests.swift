import Corpora
import FeatureStore
import Foundation
import Scoring
import TestSupport
import Testing
import Wire
import WorkerNode

@Suite("InferenceExecutor: row ranges give the answers of their texts")
struct RangeExecutorTests {
    private let folder: ScratchFolder
    private let texts = (0..<20).map { "prompt \(String(repeating: "x", count: $0))" }
    private let context: ContextBlock

    init() throws {
        folder = try ScratchFolder()
        let rows = texts.map { #"{"prompt":"\#($0)"}"# }.joined(separator: "\n")
        try folder.write("a.jsonl", rows)
        let outcome = try #require(Outcome(reward: 1))
        context = ContextBlock(try #require(ContextSet([ContextSet.Row(text: "context", outcome: outcome)])))
    }

    private func executor(reads: Bool = true) throws -> InferenceExecutor {
        let model = CountingModel()
        let reader = try reads ? RangeReader(roots: DataRoots([folder.path]), copyBytesMax: 0) : nil
        var executor = InferenceExecutor(
            model: model,
            cache: TieredFeatureCache(memory: FeatureCache(bytesMax: 1 << 20), store: nil, for: model) { _ in },
            ranges: reader)
        #expect(try executor.prepare(context, onProgress: {}) == nil)
        return executor
    }

    private func ranges() throws -> RowRanges {
        let path = folder.file("a.jsonl")
        let files = try RangeFiles(try InputFile.survey([path]), keys: .automatic, columns: .none)
        let file = try #require(files[path])
        return RowRanges(
            files: [file],
            ranges: [RowRanges.Range(file: 0, firstRow: 1, rows: texts.count, bytes: 0..<file.bytes)],
            keys: files.keys, digest: RowRanges.digest(of: texts))
    }

    private func piece(_ rows: Range<Int>) -> PieceName {
        PieceName(job: JobID(high: 1, low: 2), shard: 0, rows: rows, attempt: 1)
    }

    @Test("a whole shard and each piece of a halved one", arguments: [0..<20, 0..<10, 10..<20, 19..<20])
    func equal(rows: Range<Int>) throws {
        var executor = try executor()
        let expected = try executor.score(TextBlock(texts[rows]), context: context.digest, onProgress: {})
        let content = ShardContent.ranges(try RangeBlock(try ranges())).slice(rows)
        let found = try executor.score(content, of: piece(rows), context: context.digest, onProgress: {})
        #expect(found.0 == expected.0 && found.1 == expected.1 && found.1.isEmpty)
    }

    @Test("what cannot be read is a fault of every row of the piece, with a code and the file")
    func faults() throws {
        var other = try ranges()
        other.files[0].bytes += 1
        other.ranges[0].bytes = 0..<other.files[0].bytes
        var outside = try ranges()
        outside.files[0].path = "/etc/passwd"
        let cases: [(RowRanges, reads: Bool, code: String)] = [
            (other, true, "range_changed"), (outside, true, "range_outside"), (try ranges(), false, "range_unusable"),
        ]
        for (ranges, reads, code) in cases {
            var executor = try executor(reads: reads)
            let content = ShardContent.ranges(try RangeBlock(ranges)).slice(3..<7)
            let (answers, faults, _) = try executor.score(
                content, of: piece(3..<7), context: context.digest, onProgress: {})
            #expect(answers.count == 4 && answers.predicted == 0)
            #expect(faults.map(\.code) == Array(repeating: code, count: 4), "\(faults)")
            #expect(RangeError.isCode(code))
        }
        // A name that says more rows than the shard has.
        var executor = try executor()
        let content = ShardContent.ranges(try RangeBlock(try ranges())).slice(3..<7)
        let faults = try executor.score(
            content, of: piece(30..<34), context: context.digest, onProgress: {}
        ).1
        #expect(faults.first?.code == "range_unusable")
    }
}
