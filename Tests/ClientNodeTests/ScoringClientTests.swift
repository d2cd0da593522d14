import ClientNode
import Corpora
import Foundation
import Logging
import Scoring
import TestSupport
import Testing
import Threads
import Wire
import ZeroMQ

@Suite("ScoringClient against a stub coordinator", .serialized)
struct ScoringClientTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        let history = (0..<20).map { #"{"prompt":"context \#($0)","reward":\#($0 % 2),"policy_id":"p"}"# }
        try folder.write("history.jsonl", history.joined(separator: "\n"))
    }

    /// A corpus of numbered prompts; `extra` lines are at its start.
    private func writeCorpus(rows: Int, extra: [String] = []) throws {
        let lines = extra + (0..<rows).map { #"{"id":"r\#($0)","prompt":"prompt \#($0)"}"# }
        try folder.write("corpus.jsonl", lines.joined(separator: "\n"))
    }

    private func configuration(_ endpoint: Endpoint, output: String) throws -> ScoringClient.Configuration {
        var configuration = ScoringClient.Configuration(
            coordinator: endpoint, promptFiles: [folder.file("corpus.jsonl")],
            context: try ContextFile.load([folder.file("history.jsonl")]), output: folder.file(output),
            settings: [:], version: "0.0.0")
        configuration.abandonTime = .seconds(20)
        return configuration
    }

    /// Runs a client to its end.
    @discardableResult
    private func score(
        _ stub: ScoringStub, output: String, _ change: (inout ScoringClient.Configuration) -> Void = { _ in }
    ) throws -> ScoringClient.Ending {
        var configuration = try configuration(stub.endpoint, output: output)
        change(&configuration)
        return try ScoringClient(configuration, logger: .quiet).run(until: StopFlag()) { _ in }
    }

    private func files(_ output: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try folder.names(output) { files[name] = try folder.read("\(output)/\(name)") }
        return files
    }

    @Test("every row of the corpus gets a prediction or an error, in corpus order")
    func wholeRun() throws {
        try writeCorpus(
            rows: 600, extra: ["no JSON", #"{"id":"b","prompt":"bad"}"#, #"{"id":"o","prompt":"odd"}"#])
        let stub = try ScoringStub()
        let ending = try score(stub, output: "out")
        guard case .finished(_, let wasThere) = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(!wasThere)
        let names = try folder.names("out").filter { $0.hasSuffix(".jsonl") }
        let part = String(decoding: try folder.read("out/\(try #require(names.first))"), as: UTF8.self)
        let lines = part.split(separator: "\n")
        #expect(names.count == 1 && lines.count == 603)
        #expect(lines[0].contains(#""code":"bad_json""#))
        #expect(lines[1].contains(#""prompt_id":"b""#) && lines[1].contains(#""code":"embedding_failed""#))
        #expect(lines[2].contains(#""prompt_id":"o""#) && lines[2].contains(#""code":"prediction_failed""#))
        for row in 0..<600 {
            #expect(lines[row + 3].hasPrefix(#"{"prompt_id":"r\#(row)","p":"#))
        }
        let received = stub.received
        #expect(received.isClosed && received.jobs.count == 1)
        #expect(received.shards.sorted() == [0, 1, 2] && received.confirmedBelow == 3)
        guard case .finished(_, let isThereNow) = try score(stub, output: "out") else { return }
        #expect(isThereNow, "the same run again is finished already")
        try stub.stop()
    }

    @Test("an interrupted run resumes after its committed parts, and writes the same bytes as an undisturbed one")
    func resumes() throws {
        let rows = PartAssembler.partRows + 3000
        try writeCorpus(rows: rows)
        let undisturbed = try ScoringStub()
        try score(undisturbed, output: "whole")
        try undisturbed.stop()

        // Enough answers for the first part, not for the second.
        let firstPart = PartAssembler.partRows / ShardCutter.rowsMax
        let first = try ScoringStub(answersMax: firstPart + 2)
        let stop = StopFlag()
        let ending = try ScoringClient(configuration(first.endpoint, output: "out"), logger: .quiet)
            .run(until: stop) { progress in
                if first.received.confirmedBelow > 0 { stop.raise() }
            }
        guard case .interrupted = ending else {
            Issue.record("\(ending)")
            return
        }
        try first.stop()

        let second = try ScoringStub()
        try score(second, output: "out")
        #expect(second.received.shards.min() == UInt32(firstPart), "committed shards are not submitted again")
        #expect(second.received.jobs == first.received.jobs, "the job keeps its id")
        try second.stop()
        let (whole, resumed) = (try files("whole"), try files("out"))
        #expect(whole.keys.sorted() == resumed.keys.sorted())
        for (name, bytes) in whole where name.hasSuffix(".jsonl") { #expect(resumed[name] == bytes, "\(name)") }
    }

    @Test("a full disk ends the run with an error that names the reason; with space again, the same command resumes")
    func fullDisk() throws {
        try writeCorpus(rows: 300)
        let stub = try ScoringStub()
        let error = #expect(throws: ClientError.self) {
            try score(stub, output: "out") {
                $0.write = { _, _ in
                    errno = ENOSPC
                    return -1
                }
            }
        }
        #expect(error?.isResumable == true, "\(String(describing: error))")
        #expect(try folder.names("out").filter { $0.hasSuffix(".jsonl") }.isEmpty)
        guard case .finished = try score(stub, output: "out") else {
            Issue.record("the run did not resume")
            return
        }
        try stub.stop()
    }

    @Test("input that changed since its parts were committed is refused")
    func changedInput() throws {
        try writeCorpus(rows: 300)
        let stub = try ScoringStub(answersMax: 0)
        let stop = StopFlag()
        _ = try ScoringClient(configuration(stub.endpoint, output: "out"), logger: .quiet).run(until: stop) { _ in
            if !stub.received.shards.isEmpty { stop.raise() }
        }
        try writeCorpus(rows: 301)
        #expect(throws: ClientError.self) { try score(stub, output: "out") }
        try stub.stop()
    }

    @Test("without a coordinator the client gives up after its abandon time, and can resume")
    func abandoned() throws {
        try writeCorpus(rows: 1)
        var configuration = try configuration(try Endpoint("ipc://\(folder.file("nobody"))"), output: "out")
        configuration.abandonTime = .milliseconds(100)
        let error = #expect(throws: ClientError.self) {
            try ScoringClient(configuration, logger: .quiet).run(until: StopFlag()) { _ in }
        }
        #expect(error?.isResumable == true)
        #expect(error?.description.contains("no message from a coordinator") == true)
    }
}
