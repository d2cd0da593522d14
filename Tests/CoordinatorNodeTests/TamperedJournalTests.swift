import Cluster
import CoordinatorNode
import Foundation
import GRDB
import Planning
import Scoring
import TestSupport
import Testing
import Wire

@Suite("Journals that were tampered with: no trap, and every loss is named")
struct TamperedJournalTests {
    /// More with `STATEZERO_TAMPERED=5000`.
    private static let seeds = ProcessInfo.processInfo.environment["STATEZERO_TAMPERED"].flatMap(UInt64.init) ?? 200

    /// How a tampered journal was opened.
    private enum Verdict: String, CustomStringConvertible {
        /// It is read as before: what was changed is not used.
        case unchanged
        case named
        case refused
        /// It is read otherwise, and nothing says so.
        case silent

        var description: String { rawValue }
    }

    private struct Whole {
        let path: String
        let bytes: [UInt8]
        let contents: JournalContents
    }

    /// The journal of version 0.1.0, as this version keeps it.
    private func whole() throws -> Whole {
        let path = try FormerJournal().path
        let contents: JournalContents
        do {
            let journal = try CoordinatorJournal(path: path)
            contents = try journal.contents()
            try journal.commit(
                [.generationStarted(9)], [.textsNamed(policyID: "a", [NamedText(promptID: "q", text: "a text")])])
        }
        let after = try CoordinatorJournal(path: path).contents()
        #expect(
            after.plannerEntries.starts(with: contents.plannerEntries) && after.damage.isEmpty && after.unchecked == 0)
        return Whole(path: path, bytes: Array(try Data(contentsOf: URL(filePath: path))), contents: after)
    }

    private func open(_ path: String, _ whole: Whole) -> Verdict {
        do {
            let contents = try CoordinatorJournal(path: path).contents()
            // A replay must not trap either.
            _ = CoordinatorMachines(replaying: contents.entries, contents.plannerEntries)
            guard contents.damage.isEmpty else {
                return contents.damage.allSatisfy { !"\($0)".isEmpty } ? .named : .silent
            }
            let isSame =
                contents.entries == whole.contents.entries && contents.plannerEntries == whole.contents.plannerEntries
            return isSame ? .unchanged : .silent
        } catch {
            return "\(error)".contains("journal") ? .refused : .silent
        }
    }

    @Test("two hundred journals with flipped bits, cut ends and changed blocks, by seed")
    func bytes() throws {
        let whole = try whole()
        let folder = try ScratchFolder.new()
        var verdicts: [String: [Verdict: Int]] = [:]
        for seed in 0..<Self.seeds {
            var random = SeededGenerator(seed: seed &* 7919 &+ 1)
            var bytes = whole.bytes
            let kind: String
            switch seed % 8 {
            case 0:
                kind = "cut"
                bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            case 1:
                kind = "zeroed"
                let start = Int.random(in: 0..<bytes.count - 1, using: &random)
                for place in start..<min(bytes.count, start + Int.random(in: 1...4096, using: &random)) {
                    bytes[place] = 0
                }
            case 2:
                kind = "pages swapped"
                let pages = bytes.count / 4096
                let (one, two) = (Int.random(in: 1..<pages, using: &random), Int.random(in: 1..<pages, using: &random))
                for place in 0..<4096 { bytes.swapAt(one * 4096 + place, two * 4096 + place) }
            default:
                kind = "bits"
                for _ in 0..<(seed % 8 == 3 ? 16 : 1) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            let path = "\(folder)/\(seed).sqlite"
            try Data(bytes).write(to: URL(filePath: path))
            let verdict = open(path, whole)
            verdicts[kind, default: [:]][verdict, default: 0] += 1
            #expect(verdict != .silent, "seed \(seed), \(kind): rows are read otherwise, and no damage is named")
            for end in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: path + end) }
        }
        for (kind, counts) in verdicts.sorted(by: { $0.key < $1.key }) { print("tampered journals: \(kind) \(counts)") }
    }

    @Test("one column of one row is changed: the row is named by its table and number")
    func rows() throws {
        let whole = try whole()
        for (table, column, value) in [
            ("entry", "shard", "999"), ("entry", "kind", "77"), ("entry", "body", "x'00'"), ("entry", "job", "NULL"),
            ("outcome", "reward", "1e308"), ("outcome", "n", "-9223372036854775808"), ("outcome", "event", "5"),
            ("outcome", "policy", "x'FF'"), ("outcome", "rewards", "'['"), ("outcome", "prompt", "x'00'"),
            ("plan_entry", "body", "zeroblob(64)"), ("plan_entry", "step", "'x'"), ("plan_entry", "kind", "-1"),
            ("known_text", "prompt_id", "'another'"), ("known_text", "prompt", "zeroblob(32)"),
        ] {
            let path = try ScratchFolder.new() + "/journal"
            try Data(whole.bytes).write(to: URL(filePath: path))
            var changed: Int64?
            do {
                let queue = try DatabaseQueue(path: path)
                changed = try queue.write { database in
                    let row = try Int64.fetchOne(
                        database,
                        sql: table == "entry"
                            ? "SELECT max(sequence) FROM entry WHERE kind = 4" : "SELECT max(sequence) FROM \(table)")
                    try database.execute(
                        sql: "UPDATE \(table) SET \(column) = \(value) WHERE sequence = ?", arguments: [row])
                    return row
                }
            }
            let contents = try CoordinatorJournal(path: path).contents()
            _ = CoordinatorMachines(replaying: contents.entries, contents.plannerEntries)
            #expect(
                contents.damage.contains { $0.table == table && $0.row == changed }, "\(table).\(column) = \(value)")
        }
    }

    @Test("rows that changed places are found")
    func swapped() throws {
        let whole = try whole()
        for table in ["outcome", "plan_entry", "entry"] {
            let path = try ScratchFolder.new() + "/journal"
            try Data(whole.bytes).write(to: URL(filePath: path))
            do {
                try DatabaseQueue(path: path).write { database in
                    let (first, last) = (
                        try Int64.fetchOne(database, sql: "SELECT min(sequence) FROM \(table)"),
                        try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM \(table)")
                    )
                    for (from, to) in [(first, -5), (last, first), (-5, last)] {
                        try database.execute(
                            sql: "UPDATE \(table) SET sequence = ? WHERE sequence = ?", arguments: [to, from])
                    }
                }
            }
            let contents = try CoordinatorJournal(path: path).contents()
            #expect(contents.damage.count { $0.table == table && $0.reason.contains("checksum") } == 2, "\(table)")
        }
    }

    @Test("values of version 0.1.0 that no version writes are named, although its rows have no checksums")
    func former() throws {
        for (table, change) in [
            ("outcome", "n = -5"), ("outcome", "reward = 7"), ("outcome", "failed = 1 << 62"),
            ("plan_entry", "body = iif(length(body) > 1, substr(body, 1, length(body) - 1), x'00')"),
            ("entry", "shard = -1"),
            ("plan_entry", "body = ifnull(CAST(x'FFFFFFFFFFFFFF7F' || substr(body, 9) AS BLOB), x'00')"),
            ("entry", "body = x''"),
        ] {
            let path = try FormerJournal().path
            do { try DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE \(table) SET \(change)") } }
            do {
                let contents = try CoordinatorJournal(path: path).contents()
                _ = CoordinatorMachines(replaying: contents.entries, contents.plannerEntries)
                #expect(contents.damage.contains { $0.table == table }, "\(table): \(change)")
            } catch {
                #expect("\(error)".contains("damaged"), "\(table): \(change): \(error)")
            }
        }
    }

    @Test("ids and texts with U+0000 are read back whole")
    func zeros() throws {
        let path = try ScratchFolder.new() + "/journal"
        let outcomes = (0..<150).map {
            RecordedOutcome(
                eventID: "e\0\($0)", promptID: "q\0\($0)", text: "text\0\($0)", version: 1, reward: 1, n: 1, failed: 0,
                rewards: [1])
        }
        let entries: [PlannerEntry] =
            outcomes.map { .outcomesRecorded(policyID: "p\0a", [$0]) }
            + [
                .textsNamed(
                    policyID: "p\0a", [NamedText(promptID: "\0", text: "\0\0"), NamedText(promptID: "", text: "")])
            ]
        do { try CoordinatorJournal(path: path).commit([], entries) }
        #expect(try CoordinatorJournal(path: path).plannerEntries() == entries)
        do {
            let journal = try CoordinatorJournal(path: path)
            try journal.commit([], [.policyForgotten("p")])
            #expect(try journal.plannerEntries() == entries)
            try journal.commit([], [.policyForgotten("p\0a")])
            #expect(try journal.plannerEntries().isEmpty)
        }
    }

    @Test("a journal whose folder was removed, or whose file was replaced, takes no more entries")
    func removed() throws {
        for isReplaced in [false, true] {
            let folder = try ScratchFolder.new() + "/inner"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let journal = try CoordinatorJournal(path: folder + "/journal")
            try journal.commit([.generationStarted(1)])
            try FileManager.default.removeItem(atPath: folder)
            if isReplaced {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                try Data().write(to: URL(filePath: folder + "/journal"))
            }
            #expect {
                try journal.commit([.generationStarted(2)])
            } throws: { error in
                "\(error)".contains("removed or replaced")
            }
        }
    }
}
