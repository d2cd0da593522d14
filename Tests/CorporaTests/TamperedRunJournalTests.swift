import Corpora
import Foundation
import GRDB
import Scoring
import Testing

@Suite("Run journals that were tampered with")
struct TamperedRunJournalTests {
    private let scratch: Scratch
    private let identity = RunIdentity(
        input: Digest(of: "input"), context: Digest(of: "context"), configuration: RunConfiguration(["rows": "10"]),
        model: ModelFingerprint(name: "m", digest: Digest(of: "table")))

    init() throws {
        scratch = try Scratch()
    }

    private func open(_ folder: String) throws -> ScoringRun {
        switch try ScoringRun.open(folder: scratch.file(folder), identity: identity) {
        case .open(let run): return run
        case .finished: throw CorporaError.unfinished(folder: folder)
        }
    }

    /// A folder with two committed parts, closed.
    private func begin(_ folder: String) throws {
        let run = try open(folder)
        for index in 0..<2 {
            var part = PartWriter(
                policy: Policy(id: "p", version: 1), contextSize: 4,
                model: ModelFingerprint(name: "m", digest: Digest(of: "table")))
            for row in 0..<10 {
                part.append(
                    .scored(promptID: "\(row)", try #require(Prediction(p: 0.5, kappa: 3, pLo: 0.1, pHi: 0.9))))
            }
            try run.commit(index: index, firstRow: 10 * index, part)
        }
        try run.close()
    }

    /// Every column with a value of another type or range.
    @Test(
        "a value that a column cannot have is a typed error that names the journal and the column, and no trap",
        arguments: [
            ("UPDATE run SET version = 'x'", "version"), ("UPDATE run SET version = 2", "another version"),
            ("UPDATE run SET version = x'00'", "version"), ("UPDATE run SET job = x'FF'", "job"),
            ("UPDATE run SET job = 7", "job"), ("UPDATE run SET job = 'none'", "no id"),
            ("UPDATE identity SET digest = 'text'", "digest"), ("UPDATE identity SET digest = 1.5", "digest"),
            ("UPDATE identity SET digest = x'0102'", "digest"),
            ("UPDATE identity SET what = x'C3' WHERE what = 'model'", "what"),
            ("DELETE FROM identity", "incomplete"), ("UPDATE part SET ok = 'many'", "ok"),
            ("UPDATE part SET ok = 9223372036854775807", "ok"), ("UPDATE part SET error = -1", "error"),
            ("UPDATE part SET base_rate = x'01'", "base_rate"), ("UPDATE part SET truncated = 'x'", "truncated"),
            ("UPDATE part SET derived_ids = 1e300", "derived_ids"),
            ("UPDATE part SET first_row = -9223372036854775808", "first_row"),
            ("UPDATE part SET part_index = -1 WHERE part_index = 0", "part_index"),
            ("UPDATE part SET bytes = 'x'", "bytes"), ("UPDATE part SET digest = x'00'", "digest"),
            ("UPDATE part SET digest = 5", "digest"),
            ("DROP TABLE part; CREATE TABLE part (digest); INSERT INTO part VALUES (x'00')", "part_index"),
        ])
    func values(sql: String, column: String) throws {
        try begin("out")
        let queue = try DatabaseQueue(path: scratch.file("out/_journal.sqlite"))
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
        #expect {
            _ = try open("out")
        } throws: { error in
            guard case .damagedJournal(let path, let reason)? = error as? CorporaError else { return false }
            return path.hasSuffix("_journal.sqlite") && reason.contains(column) && "\(error)".contains("--overwrite")
        }
    }

    @Test("two hundred journals with flipped bits are read or refused in words, by seed")
    func bits() throws {
        try begin("whole")
        let whole = try scratch.read("whole/_journal.sqlite")
        let parts = try (0..<2).map { try scratch.read("whole/part-0000\($0).jsonl") }
        var (read, refused) = (0, 0)
        for seed in UInt64(0)..<200 {
            var random = SeededGenerator(seed: seed)
            var bytes = whole
            for _ in 0..<1 + seed % 16 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            let folder = "s\(seed)"
            try FileManager.default.createDirectory(atPath: scratch.file(folder), withIntermediateDirectories: true)
            try scratch.write("\(folder)/_journal.sqlite", bytes)
            for (index, part) in parts.enumerated() { try scratch.write("\(folder)/part-0000\(index).jsonl", part) }
            do {
                let run = try open(folder)
                _ = run.rows
                try run.close()
                read += 1
            } catch {
                #expect(error is CorporaError && "\(error)".contains(folder), "seed \(seed): \(error)")
                refused += 1
            }
        }
        #expect(read > 0 && refused > 0 && read + refused == 200, "\(read) read, \(refused) refused")
    }
}
