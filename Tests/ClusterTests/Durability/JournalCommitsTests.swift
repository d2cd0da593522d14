import Cluster
import Scoring
import Testing
import Wire

@Suite("Cluster: what is committed, and how much of it is durable")
struct JournalCommitsTests {
    private var outbox = CoordinatorOutbox<Int>()
    private var journal = JournalQueue(partBytes: 1)
    private var commits = JournalCommits()
    private var number = 0

    /// Decides entries of a tenant; returns the number of a message that rests on them.
    private mutating func decide(_ entries: PlannerEntry..., for tenant: String) -> Int {
        number += 1
        let actions = entries.map { CoordinatorMachines.Action.journalPlan($0, of: tenant) }
        for request in outbox.append(actions, tenant: { _ in nil }) { journal.append(request) }
        outbox.append(number, in: .tenant(tenant))
        return number
    }

    /// An outcome, which must be on the disk itself.
    private static func outcome(_ count: Int = 1) -> PlannerEntry {
        let outcomes = (0..<count).map { number in
            RecordedOutcome(
                eventID: "e\(number)", promptID: "p", text: "t", version: 1, reward: 1, n: 1, failed: 0, rewards: [1])
        }
        return .outcomesRecorded(policyID: "p", outcomes)
    }

    /// What a commit is enough for.
    private static let cut = PlannerEntry.planCut(PlanName(policyID: "p", step: 1))

    /// Commits the next so many requests together; returns whether the disk must have them.
    private mutating func commit(_ count: Int) -> Bool {
        commits.add((0..<count).compactMap { _ in journal.popFirst() })
    }

    /// What may be sent now.
    private mutating func sent() -> [Int] {
        while outbox.popFirst(commits.durable) != nil {}
        return outbox.popReplies(commits.durable)
    }

    @Test("an outcome is durable when the disk itself has it; another tenant's work does not wait for that")
    mutating func permanent() {
        let (first, other) = (decide(Self.outcome(), for: "a"), decide(Self.cut, for: "b"))
        #expect(commit(2))
        #expect(sent() == [other])
        commits.reach(1)
        #expect(sent() == [first])
    }

    @Test("what is decided behind an outcome of the same tenant waits with it, and for nothing that comes later")
    mutating func behind() {
        let outcome = decide(Self.outcome(), for: "a")
        #expect(commit(1))
        let behind = decide(Self.cut, for: "a")
        // Nothing in this commit needs the disk, so nobody brings it there.
        #expect(!commit(1))
        let later = decide(Self.outcome(), for: "a")
        #expect(commit(1))
        #expect(sent() == [])
        commits.reach(1)
        #expect(sent() == [outcome, behind])
        commits.reach(2)
        #expect(sent() == [])
        commits.reach(3)
        #expect(sent() == [later])
    }

    @Test("a long report is durable with its last part")
    mutating func parts() {
        let report = decide(Self.outcome(3), for: "a")
        for part in 1...3 {
            #expect(commit(1))
            commits.reach(part)
            #expect(sent() == (part == 3 ? [report] : []))
        }
        #expect(journal.isEmpty)
    }

    @Test("what concerns all is not sent before the disk itself has it")
    mutating func concerningAll() {
        let start = CoordinatorMachines.Action.journal(.generationStarted(1), of: nil)
        for request in outbox.append([start], tenant: { _ in nil }) { journal.append(request) }
        outbox.append(7, in: .tenant("a"))
        #expect(commit(1))
        #expect(sent() == [])
        commits.reach(1)
        #expect(sent() == [7])
    }
}
