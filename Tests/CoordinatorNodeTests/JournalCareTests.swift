import Cluster
import CoordinatorNode
import Foundation
import GRDB
import TestSupport
import Testing
import Wire

@Suite("Care of a journal: check, repair, backup, compact")
struct JournalCareTests {
    private func outcomes(_ count: Int) -> [PlannerEntry] {
        (0..<count).map { number in
            let text = "prompt \(number) " + String(repeating: "x", count: 200)
            return .outcomesRecorded(
                policyID: "p",
                [
                    RecordedOutcome(
                        eventID: "e\(number)", promptID: "q\(number)", text: text, version: 1, reward: 0.5, n: 2,
                        failed: 0, rewards: [0, 1])
                ])
        }
    }

    @Test("a backup is made while the journal is written, and is the journal at one moment")
    func backup() throws {
        let folder = try ScratchFolder.new()
        let journal = try CoordinatorJournal(path: folder + "/journal")
        try journal.commit([.generationStarted(1)], outcomes(500))
        let bytes = try JournalCare.backup(folder + "/journal", to: folder + "/copy")
        try journal.commit([.generationStarted(2)], [.policyForgotten("p")])
        #expect(bytes > 0)
        #expect(try CoordinatorJournal(path: folder + "/copy").plannerEntries() == outcomes(500))
        #expect(try CoordinatorJournal(path: folder + "/copy").entries() == [.generationStarted(1)])
        #expect(try journal.plannerEntries().isEmpty)
        #expect(throws: CoordinatorError.self) {
            try JournalCare.backup(folder + "/journal", to: folder + "/copy")
        }
    }

    @Test("a journal by a symbolic link is the journal behind it: one lock, one log")
    func link() throws {
        let folder = try ScratchFolder.new()
        let (path, link) = (folder + "/journal", folder + "/link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "journal")
        let journal = try CoordinatorJournal(path: link)
        try journal.commit([.generationStarted(1)], outcomes(10))
        for name in [path, link] {
            let report = try JournalCare.check(name)
            #expect(report.isSound && report.isOpen && report.contents.counts == [.generation: 1, .outcome: 10])
            #expect(throws: CoordinatorError.self, "a second coordinator") { try CoordinatorJournal(path: name) }
            #expect(throws: CoordinatorError.self) { try JournalCare.compact(name) }
        }
    }

    @Test("a check counts rows and changes nothing, also while a coordinator has the journal open")
    func check() throws {
        let path = try ScratchFolder.new() + "/journal"
        do {
            let journal = try CoordinatorJournal(path: path)
            try journal.commit([.generationStarted(1)], outcomes(10))
            let report = try JournalCare.check(path)
            #expect(report.isSound && report.isOpen && report.contents.counts == [.generation: 1, .outcome: 10])
        }
        do {
            try DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE outcome SET n = 3 WHERE event = 'e4'") }
        }
        for _ in 0..<2 {
            let report = try JournalCare.check(path)
            #expect(!report.isOpen && report.contents.damage.map(\.row) == [5] && report.contents.counts[.outcome] == 9)
        }
        let files = try FileManager.default.contentsOfDirectory(
            atPath: URL(filePath: path).deletingLastPathComponent().path)
        #expect(!files.contains { $0.contains("check") }, "\(files)")
    }

    @Test("a repair reads around pages that cannot be read, and names the rows that are lost")
    func repair() throws {
        let folder = try ScratchFolder.new()
        let path = folder + "/journal"
        do { try CoordinatorJournal(path: path).commit([.generationStarted(1)], outcomes(2000)) }
        // A leaf page of the table of outcomes is overwritten.
        let page = try DatabaseQueue(path: path).read { database in
            try Int.fetchOne(database, sql: "SELECT rootpage FROM sqlite_master WHERE name = 'outcome'")
        }
        var bytes = Array(try Data(contentsOf: URL(filePath: path)))
        let root = 4096 * (try #require(page) - 1)
        #expect(bytes[root] == 5, "the root is an interior page")
        let cell = root + Int(bytes[root + 12 + 40]) << 8 + Int(bytes[root + 13 + 40])
        let child = bytes[cell..<cell + 4].reduce(0) { $0 << 8 | Int($1) }
        for place in 4096 * (child - 1)..<4096 * child { bytes[place] = 0xA5 }
        try Data(bytes).write(to: URL(filePath: path))
        #expect {
            _ = try CoordinatorJournal(path: path)
        } throws: { error in
            "\(error)".contains("journal repair")
        }
        let report = try JournalCare.repair(path, to: folder + "/repaired")
        #expect(report.fileFault != nil && !report.contents.damage.isEmpty)
        let kept = try CoordinatorJournal(path: folder + "/repaired").contents()
        #expect(kept.damage.isEmpty && kept.entries == [.generationStarted(1)])
        let lost = 2000 - kept.plannerEntries.count
        #expect((1...100).contains(lost), "\(lost) outcomes are lost with one page")
        #expect(report.contents.damage.count == lost)
    }

    @Test("compacting makes the file smaller, and is refused while a coordinator has it open")
    func compact() throws {
        let path = try ScratchFolder.new() + "/journal"
        do {
            let journal = try CoordinatorJournal(path: path)
            try journal.commit([.generationStarted(1)], outcomes(5000))
            try journal.commit([], [.outcomesTrimmed(policyID: "p", keeping: 10)])
            #expect(throws: CoordinatorError.self) { try JournalCare.compact(path) }
        }
        let (before, after) = try JournalCare.compact(path)
        #expect(after < before)
        #expect(try CoordinatorJournal(path: path).plannerEntries().count == 10)
        #expect(throws: CoordinatorError.self) { try JournalCare.compact(path + ".none") }
    }
}
