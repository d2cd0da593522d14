import ClientNode
import Corpora
import Scoring
import TestSupport
import Testing
import Wire

@Suite("PartAssembler: answers back in corpus order")
struct PartAssemblerTests {
    private let job = JobID(high: 0, low: 1)

    private var assembler: PartAssembler {
        PartAssembler(
            header: PartWriter(
                policy: Policy(id: "p"), contextSize: 0, model: ModelFingerprint(name: "m", digest: Digest(of: "m"))))
    }

    private func lines(_ count: Int, from first: Int = 0) -> [ShardCutter.Line] {
        (first..<first + count).map { .row(id: "r\($0)", hasDerivedID: false, file: "f", line: $0 + 1) }
    }

    private func answer(_ shard: UInt32, rows: Int, faults: [RowFault] = []) throws -> ShardAnswer {
        let prediction = try #require(Prediction(p: 0.5, kappa: 2, pLo: 0.25, pHi: 0.75))
        let missing = Set(faults.map(\.row))
        return ShardAnswer(
            job: job, shard: shard,
            answers: AnswerBlock((0..<UInt32(rows)).map { missing.contains($0) ? nil : prediction }), faults: faults)
    }

    private func next(_ assembler: inout PartAssembler) throws -> PartAssembler.Part {
        let part = assembler.nextPart()
        return try #require(part)
    }

    private func text(_ part: PartAssembler.Part) -> [Substring] {
        String(decoding: part.writer.bytes, as: UTF8.self).split(separator: "\n")
    }

    @Test("a part lists each worker once, with the ranges of its shards, and who computed the same")
    func shares() throws {
        var assembler = assembler
        let (a, b) = (WorkerLabel(name: "a", key: "one"), WorkerLabel(name: "b", key: "two"))
        for shard in 0..<UInt32(7) { assembler.plan(lines(2, from: Int(shard) * 2), shard: shard) }
        assembler.end()
        for shard in [UInt32(4), 0, 1, 6, 3, 5, 2] {
            var answer = try answer(shard, rows: 2)
            answer.sources =
                shard == 3
                ? [AnswerSource(rows: 1, worker: a), AnswerSource(rows: 1, worker: nil)]
                : shard == 5
                    ? [AnswerSource(rows: 2, worker: b, verifiedBy: [a])]
                    : [AnswerSource(rows: 2, worker: a, isUnverified: shard == 6)]
            assembler.insert(answer)
        }
        let shares = try next(&assembler).shares
        #expect(
            shares == [
                RunWorkers.Share(worker: "a", key: "one", rows: 9, shards: "0-4"),
                RunWorkers.Share(worker: nil, key: nil, rows: 1, shards: "3"),
                RunWorkers.Share(
                    worker: "b", key: "two", verifiedBy: [RunWorkers.Verifier(worker: "a", key: "one")], rows: 2,
                    shards: "5"),
                RunWorkers.Share(worker: "a", key: "one", isUnverified: true, rows: 2, shards: "6"),
            ])
    }

    @Test("a part closes with the shard that fills it, and is returned when all its answers have arrived, in any order")
    func order() throws {
        var assembler = assembler
        let shardRows = 4096
        for shard in 0..<5 { assembler.plan(lines(shardRows, from: shard * shardRows), shard: UInt32(shard)) }
        assembler.end()
        #expect(assembler.rows == 5 * shardRows && assembler.hasClosedPart)
        for shard in [4, 3, 1, 2] { assembler.insert(try answer(UInt32(shard), rows: shardRows)) }
        let early = assembler.nextPart()
        #expect(early == nil, "the second part waits for the first")
        assembler.insert(try answer(0, rows: shardRows))
        let first = try next(&assembler)
        #expect(first.index == 0 && first.firstRow == 0 && first.shardsBelow == 4)
        #expect(text(first).count == PartAssembler.partRows)
        #expect(text(first)[4096].hasPrefix(#"{"prompt_id":"r4096","#))
        let second = try next(&assembler)
        #expect(second.index == 1 && second.firstRow == PartAssembler.partRows && second.shardsBelow == 5)
        #expect(assembler.isEmpty && !assembler.hasClosedPart)
    }

    @Test("rejected lines and faults become error rows in their places; an unknown code is kept in the message")
    func errors() throws {
        var assembler = assembler
        let rejected = RowError(file: "f", line: 1, code: .badJSON, message: "no JSON")
        assembler.plan([.rejected(rejected)] + lines(3, from: 1), shard: 0)
        assembler.end()
        assembler.insert(
            try answer(
                0, rows: 3,
                faults: [
                    RowFault(row: 0, code: "embedding_failed", message: "first"),
                    RowFault(row: 2, code: "new_code", message: "third"),
                ]))
        let lines = text(try next(&assembler))
        #expect(lines.count == 4)
        #expect(lines[0].contains(#""code":"bad_json""#))
        #expect(lines[1].contains(#""prompt_id":"r1""#) && lines[1].contains(#""code":"embedding_failed""#))
        #expect(lines[2].contains(#""status":"ok""#))
        #expect(lines[3].contains(#""code":"worker_error""#) && lines[3].contains("new_code: third"))
    }

    @Test("a run of rejected lines needs no answer")
    func rejectedOnly() throws {
        var assembler = assembler
        let rejected = RowError(file: "f", line: 1, code: .badJSON, message: "no JSON")
        assembler.plan([.rejected(rejected)], shard: nil)
        assembler.end()
        let part = try next(&assembler)
        #expect(part.shardsBelow == 0 && text(part).count == 1)
        assembler.end()
        #expect(assembler.isEmpty)
    }

    @Test("a committed part is skipped only if it has the same place and the same number of rows")
    func skips() throws {
        let folder = try ScratchFolder()
        let identity = RunIdentity(
            input: Digest(of: "i"), context: Digest(of: "c"), configuration: RunConfiguration([:]),
            model: ModelFingerprint(name: "m", digest: Digest(of: "m")))
        guard case .open(let run) = try ScoringRun.open(folder: folder.file("out"), identity: identity) else {
            Issue.record("a new folder is not open")
            return
        }
        var writer = PartWriter(
            policy: Policy(id: "p"), contextSize: 0, model: ModelFingerprint(name: "m", digest: Digest(of: "m")))
        for line in 1...2 {
            writer.append(.failed(RowError(file: "f", line: line, code: .badJSON, message: "no JSON")))
        }
        try run.commit(index: 0, firstRow: 0, writer)
        let part = try #require(run.parts[0])

        var isSkipped: Bool
        var longer = assembler
        longer.plan(lines(3), shard: 0)
        longer.end()
        isSkipped = longer.skip(part)
        #expect(isSkipped == false)
        var same = assembler
        same.plan(lines(2), shard: 0)
        isSkipped = same.skip(part)
        #expect(isSkipped == false, "the part is not closed yet")
        same.end()
        isSkipped = same.skip(part)
        #expect(isSkipped == true)
        isSkipped = same.skip(part)
        #expect(isSkipped == false, "the next part has another index")
        #expect(!same.hasClosedPart && same.isEmpty)
    }
}
