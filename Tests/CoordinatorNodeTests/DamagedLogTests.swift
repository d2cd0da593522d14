import Cluster
import CoordinatorNode
import Foundation
import Scoring
import TestSupport
import Testing
import Wire

@Suite("A journal whose write-ahead log was damaged, as a killed process left it")
struct DamagedLogTests {
    /// A journal with commits that are in its log alone, and the bytes of the log after each commit.
    private struct Left {
        let files: [String: Data]
        let ends: [Int]
        var log: Data { files["-wal"] ?? Data() }

        init() throws {
            let path = try ScratchFolder.new() + "/journal"
            let journal = try CoordinatorJournal(path: path)
            var ends: [Int] = []
            for number in 0..<DamagedLogTests.commits {
                try journal.commit([], [DamagedLogTests.entry(number)])
                ends.append(try Data(contentsOf: URL(filePath: path + "-wal")).count)
            }
            // While it is open: closing it would write the log into the file.
            files = try ["", "-wal", "-shm"].reduce(into: [:]) {
                $0[$1] = try Data(contentsOf: URL(filePath: path + $1))
            }
            self.ends = ends
            withExtendedLifetime(journal) {}
        }

        /// A copy, with another log or another index of it.
        func copy(log: Data? = nil, index: Data? = nil) throws -> String {
            let path = try ScratchFolder.new() + "/journal"
            var files = files
            files["-wal"] = log ?? files["-wal"]
            files["-shm"] = index ?? files["-shm"]
            for (end, data) in files { try data.write(to: URL(filePath: path + end)) }
            return path
        }
    }

    private static let commits = 12

    private static func entry(_ number: Int) -> PlannerEntry {
        .outcomesRecorded(
            policyID: "p",
            [
                RecordedOutcome(
                    eventID: "e\(number)", promptID: "q\(number)", text: "text \(number)", version: 1, reward: 0.5,
                    n: 2, failed: 0, rewards: [0, 1])
            ])
    }

    /// Opens a copy; returns how many commits it has. All of them must be the first ones.
    private func open(_ path: String, _ what: String) throws -> (count: Int, isNamed: Bool) {
        let contents = try CoordinatorJournal(path: path).contents()
        let outcomes = contents.plannerEntries.filter { if case .outcomesRecorded = $0 { true } else { false } }
        #expect(outcomes == (0..<outcomes.count).map(Self.entry), "\(what): not the first \(outcomes.count) commits")
        _ = CoordinatorMachines(replaying: contents.entries, contents.plannerEntries)
        let isNamed = contents.damage.contains { $0.kind == .log && "\($0)".contains("write-ahead log") }
        return (outcomes.count, isNamed)
    }

    @Test("a changed bit loses the commits from its place on, never one before it, and the loss is named")
    func bits() throws {
        let left = try Left()
        #expect(try open(left.copy(), "untouched") == (Self.commits, false))
        let first = left.ends[0]
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            var log = left.log
            let place = Int.random(in: 0..<log.count, using: &random)
            log[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let (count, isNamed) = try open(left.copy(log: log), "seed \(seed)")
            let whole = left.ends.count { $0 <= place }
            #expect(count >= (place < 32 ? 0 : whole), "seed \(seed): byte \(place) of \(log.count)")
            // Of the last commit, the marks by which it is known may be what is changed.
            let isLast = place >= left.ends[Self.commits - 2]
            if count < Self.commits, !isLast { #expect(isNamed, "seed \(seed): byte \(place) lost commits silently") }
            if isNamed { #expect(count < Self.commits, "seed \(seed): byte \(place), nothing is lost") }
        }
        #expect(first > 32)
    }

    @Test("a log that is cut anywhere has every commit before the cut, and no part of another")
    func cuts() throws {
        let left = try Left()
        for seed in UInt64(0)..<100 {
            var random = SeededGenerator(seed: seed)
            let end = Int.random(in: 0..<left.log.count, using: &random)
            let (count, _) = try open(left.copy(log: left.log.prefix(end)), "cut at \(end)")
            #expect(count == left.ends.count { $0 <= end })
        }
    }

    @Test("random bytes behind the last commit change nothing, and are no damage")
    func torn() throws {
        let left = try Left()
        for seed in UInt64(0)..<50 {
            var random = SeededGenerator(seed: seed)
            let tail = Data((0..<Int.random(in: 1...20_000, using: &random)).map { _ in UInt8(random.next() & 0xFF) })
            #expect(try open(left.copy(log: left.log + tail), "seed \(seed)") == (Self.commits, false))
        }
    }

    @Test("the log's index holds nothing that is not in the log: it may be damaged, cut or empty")
    func index() throws {
        let left = try Left()
        let index = left.files["-shm"] ?? Data()
        var variants = [Data(), Data(count: index.count), Data(repeating: 0xFF, count: index.count), index.prefix(100)]
        for seed in UInt64(0)..<40 {
            var random = SeededGenerator(seed: seed)
            var changed = index
            let place = Int.random(in: 0..<changed.count, using: &random)
            changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            variants.append(changed)
        }
        for variant in variants {
            #expect(try open(left.copy(index: variant), "index") == (Self.commits, false))
        }
    }

    @Test("a check names the damage, and changes nothing")
    func check() throws {
        let left = try Left()
        var log = left.log
        log[left.ends[3] + 40] ^= 1
        let path = try left.copy(log: log)
        let report = try JournalCare.check(path)
        #expect(!report.isSound && report.contents.damage.contains { $0.kind == .log }, "\(report.contents.damage)")
    }
}
