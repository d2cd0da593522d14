import ClientNode
import Corpora
import Foundation
import Logging
import Scoring
import TestSupport
import Testing
import Threads
import Wire

@Suite("ScoringClient: workers read the rows themselves", .serialized)
struct RangeScoringTests {
    private let folder: ScratchFolder
    private let texts = (0..<700).map { "prompt \($0)" }

    init() throws {
        folder = try ScratchFolder()
        let history = (0..<20).map { #"{"prompt":"context \#($0)","reward":\#($0 % 2),"policy_id":"p"}"# }
        try folder.write("history.jsonl", history.joined(separator: "\n"))
        try folder.write("corpus.jsonl", texts.map { #"{"prompt":"\#($0)"}"# }.joined(separator: "\n"))
    }

    private func score(
        _ stub: ScoringStub, _ output: String, workersRead: Bool = true, abandonTime: Duration = .seconds(20)
    ) throws -> ScoringClient.Ending {
        var configuration = ScoringClient.Configuration(
            coordinator: stub.endpoint, promptFiles: [folder.file("corpus.jsonl")],
            context: try ContextFile.load([folder.file("history.jsonl")]), output: folder.file(output),
            settings: [:], version: "0.0.0")
        configuration.abandonTime = abandonTime
        configuration.workersRead = workersRead
        return try ScoringClient(configuration, logger: .quiet).run(until: StopFlag()) { _ in }
    }

    private func parts(_ output: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try folder.names(output) where name.hasPrefix("part") {
            files[name] = try folder.read("\(output)/\(name)")
        }
        return files
    }

    @Test("the ranges of all shards are the corpus, no text is sent, and the output is that of texts")
    func equal() throws {
        let stub = try ScoringStub(texts: texts)
        _ = try score(stub, "texts", workersRead: false)
        #expect(stub.received.ranges.isEmpty)
        let sent = stub.received.shards.count
        _ = try score(stub, "ranges")
        let ranges = stub.received.ranges
        #expect(ranges.map(\.rows) == [256, 256, 188] && stub.received.shards.count == sent)
        let reader = RangeReader(roots: try DataRoots([folder.path]), copyBytesMax: 0)
        #expect(try ranges.flatMap { try reader.texts(of: $0, onProgress: {}) } == texts)
        #expect(try parts("ranges") == parts("texts"))
        try stub.stop()
    }

    @Test("rejected, repeated and blank lines are between ranges")
    func gaps() throws {
        let lines = [#"{"id":1,"prompt":"a"}"#, "", "no json", #"{"id":1,"prompt":"b"}"#, #"{"prompt":"c"}"#]
        try folder.write("corpus.jsonl", lines.joined(separator: "\n"))
        let corpus = try PromptCorpus(files: [folder.file("corpus.jsonl")])
        let files = try RangeFiles(
            try InputFile.survey([folder.file("corpus.jsonl")]), keys: .automatic, columns: .none)
        var cutter = ShardCutter(corpus, ranges: files)
        let ranges = try #require(try cutter.next()?.ranges)
        #expect(ranges.ranges.map(\.firstRow) == [1, 5] && ranges.ranges.map(\.rows) == [1, 1])
    }

    @Test("a worker's refusal ends the run in its words, closes the job, and the run continues with texts")
    func refused() throws {
        let stub = try ScoringStub(texts: texts, rangeFault: "range_changed")
        do {
            _ = try score(stub, "out")
            Issue.record("the run has not ended")
        } catch let error as ClientError {
            guard case .rangeRefused(let message) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(message == "/a: it changed" && "\(error)".contains("--workers-read") && !error.isResumable)
        }
        #expect(stub.received.isClosed)
        guard case .finished = try score(stub, "out", workersRead: false) else {
            Issue.record("not finished")
            return
        }
        #expect(Set(stub.received.jobs).count == 1)
        try stub.stop()
    }

    @Test("where no worker reads rows, the run ends in words and can be resumed")
    func noWorker() throws {
        let stub = try ScoringStub(rangeWorkers: 0)
        do {
            _ = try score(stub, "out", abandonTime: .seconds(2))
            Issue.record("the run has not ended")
        } catch let error as ClientError {
            guard case .noRangeWorker = error else {
                Issue.record("\(error)")
                return
            }
            #expect(error.isResumable && "\(error)".contains("--data-root"))
        }
        try stub.stop()
    }

    @Test("standard input, arrays and compressed files are refused before anything is sent")
    func unsuitable() throws {
        try folder.write("corpus.jsonl", #"[{"prompt":"a"},"# + "\n" + #"{"prompt":"b"}]"#)
        let stub = try ScoringStub()
        #expect(throws: ClientError.self) { try score(stub, "out") }
        #expect(stub.received.jobs.isEmpty)
        try stub.stop()
    }
}
