import Cluster
import Scoring
import TestSupport
import Testing
import Wire

@Suite("Cluster: what is decided and not carried out yet")
struct CoordinatorOutboxTests {
    private var outbox = CoordinatorOutbox<String>()
    private var journal = JournalQueue()
    private var commits = JournalCommits()
    private var progress: JournalProgress { commits.durable }

    private static func opened(_ number: UInt64, of tenant: String?) -> CoordinatorMachines.Action {
        .journal(.jobOpened(JobID(high: 0, low: number), tenant: tenant), of: tenant)
    }

    private static func send(_ number: UInt64, to tenant: String?) -> CoordinatorMachines.Action {
        .send(Envelope(generation: number, .whoAreYou), to: Peer([1], tenant: tenant))
    }

    private mutating func add(_ actions: CoordinatorMachines.Action...) {
        for request in outbox.append(actions, tenant: { _ in nil }) { journal.append(request) }
    }

    /// The next request becomes durable.
    private mutating func commit() {
        guard let request = journal.popFirst() else { return }
        _ = commits.add([request])
        commits.reach(commits.count)
    }

    /// The numbers of the messages that may be sent now.
    private mutating func sent() -> [UInt64] {
        var numbers: [UInt64] = []
        while let actions = outbox.popFirst(progress) {
            for case .send(let envelope, _) in actions { numbers.append(envelope.generation) }
        }
        return numbers
    }

    @Test("nothing is sent before what its tenant's earlier decisions keep; another tenant's do not matter")
    mutating func tenants() {
        add(Self.opened(1, of: "a"), Self.send(1, to: "a"))
        add(Self.send(2, to: "a"))
        add(Self.opened(2, of: "b"), Self.send(3, to: "b"))
        add(Self.send(4, to: nil))
        #expect(sent() == [4])
        #expect(outbox.count(of: "a") == 2 && outbox.count(of: "b") == 1 && outbox.count(of: nil) == 0)
        commit()
        #expect(sent() == [1, 2])
        commit()
        #expect(sent() == [3])
        #expect(sent() == [])
    }

    @Test("actions of one decision are divided by tenant, and keep their order for each")
    mutating func divided() {
        add(
            Self.send(1, to: "b"), Self.opened(1, of: "a"), Self.send(2, to: "a"), Self.send(3, to: "b"),
            Self.send(4, to: "a"))
        #expect(sent() == [1, 3])
        commit()
        #expect(sent() == [2, 4])
    }

    @Test("an entry that concerns all holds back everything behind it, and what is decided with it is durable with it")
    mutating func concerningAll() {
        add(Self.opened(1, of: "a"), Self.send(1, to: "a"))
        add(.journal(.generationStarted(1), of: nil), Self.opened(2, of: "b"), Self.send(2, to: "b"))
        add(Self.send(3, to: "c"))
        #expect(sent() == [])
        commit()
        #expect(sent() == [1])
        commit()
        #expect(Set(sent()) == [2, 3])
        #expect(journal.isEmpty)
    }

    @Test("a confirmation delays nothing but replies, and is durable before what its tenant decides behind it")
    mutating func confirmations() {
        add(.journal(.confirmed(JobID(high: 0, low: 1), below: 3), of: "a"), Self.send(1, to: "a"))
        outbox.append("about a", in: .tenant("a"))
        outbox.append("about b", in: .tenant("b"))
        add(Self.send(2, to: "a"))
        #expect(sent() == [1, 2])
        #expect(outbox.popReplies(progress) == ["about b"])
        add(Self.opened(2, of: "a"), Self.send(3, to: "a"))
        #expect(sent() == [])
        commit()
        #expect(outbox.popReplies(progress) == ["about a"] && sent() == [])
        commit()
        #expect(sent() == [3])
    }

    @Test("a reply about a tenant waits for what was decided for it before, one about all for everything")
    mutating func replies() {
        add(Self.opened(1, of: "a"), Self.send(1, to: "a"))
        outbox.append("about a", in: .tenant("a"))
        outbox.append("about b", in: .tenant("b"))
        add(Self.opened(2, of: "b"))
        outbox.append("about all", in: .all)
        add(Self.opened(3, of: "b"))
        #expect(sent() == [])
        #expect(outbox.popReplies(progress) == ["about b"])
        commit()
        #expect(sent() == [1])
        #expect(outbox.popReplies(progress) == ["about a"])
        commit()
        #expect(outbox.popReplies(progress) == ["about all"])
        #expect(outbox.popReplies(progress).isEmpty)
        outbox.append("never", in: .tenant("b"))
        #expect(outbox.popReplies(progress).isEmpty)
        #expect(outbox.removeReplies() == ["never"])
    }
}
