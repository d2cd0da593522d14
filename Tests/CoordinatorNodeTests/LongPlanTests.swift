import Cluster
import CoordinatorNode
import Foundation
import GRDB
import Planning
import Scoring
import TestSupport
import Testing
import Wire

@Suite("The coordinator's journal: plans whose candidates are kept in parts")
struct LongPlanTests {
    private let plan = PlanName(policyID: "p", step: 3)

    private static func opening(of plan: PlanName, candidates: Int, mark: String = "") -> PlanOpening {
        let padding = String(repeating: "x", count: 2000)
        let all = (0..<candidates).map { number -> PlanCandidate in
            var candidate = PlanCandidate(promptID: "\(plan.step)/\(number)\(mark)", text: "\(number) \(padding)")
            candidate.minimum = number % 2 == 0 ? 4 : nil
            candidate.references = Outcome(reward: 0.5, n: 2).map { [NamedOutcome(name: "r", outcome: $0)] } ?? []
            candidate.tokensMax = number % 3 == 0 ? 9 : nil
            return candidate
        }
        var request = RequestPlan(plan: plan, total: 8 * candidates, candidates: all)
        request.explore = 0.125
        request.references = ["r"]
        var opening = PlanOpening(
            request: request, identity: [1, 2], minimum: 2, maximum: 16, price: 0.5, contextRows: 7, staleness: -1,
            warnings: ["one"])
        opening.lengths = (0..<candidates).map(Double.init)
        return opening
    }

    private static func parts(_ entries: [PlannerEntry], of tenant: String? = nil) -> [JournalRequest] {
        var request = JournalRequest(tenant: tenant)
        request.append(entries, of: tenant)
        return request.parts(of: JournalRequest.partBytes)
    }

    private static func commit(_ parts: some Sequence<JournalRequest>, to journal: CoordinatorJournal) throws {
        for part in parts {
            var next: JournalRequest? = part
            try journal.commit {
                defer { next = nil }
                return next
            }
        }
    }

    private static func tidy(_ journal: CoordinatorJournal) throws {
        while try journal.tidy(for: .milliseconds(1)) {}
    }

    /// Rows of plans in the file.
    private static func rows(_ path: String) throws -> Int {
        try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM plan_entry") ?? -1 }
    }

    @Test("a long plan is read as it was opened, for a tenant too", arguments: [nil, "a"] as [String?])
    func read(tenant: String?) throws {
        let path = try ScratchFolder.new() + "/journal"
        let entries: [PlannerEntry] = [.planOpened(Self.opening(of: plan, candidates: 300)), .planCut(plan)]
        let parts = Self.parts(entries, of: tenant)
        #expect(parts.count > 5)
        do {
            let journal = try CoordinatorJournal(path: path)
            try Self.commit(parts, to: journal)
        }
        let contents = try CoordinatorJournal(path: path).contents()
        #expect(contents.damage.isEmpty)
        #expect(tenant == nil ? contents.plannerEntries == entries : contents.tenants["a"] == entries)
        #expect(contents.counts[.plan] == 1)
    }

    @Test("candidates of a plan that was never opened are nothing, whatever the coordinator had written of them")
    func unopened() throws {
        for count in 1...4 {
            let path = try ScratchFolder.new() + "/journal"
            let parts = Self.parts([.planOpened(Self.opening(of: plan, candidates: 200, mark: "old"))])
            do {
                let journal = try CoordinatorJournal(path: path)
                try Self.commit(parts.prefix(count), to: journal)
            }
            #expect(try Self.rows(path) == count)
            let journal = try CoordinatorJournal(path: path)
            var contents = try journal.contents()
            #expect(contents.plannerEntries.isEmpty && contents.damage.isEmpty)
            // The trainer asks again.
            let again = Self.parts([.planOpened(Self.opening(of: plan, candidates: 250))])
            try Self.commit(again, to: journal)
            #expect(try Self.rows(path) == count + again.count)
            try Self.tidy(journal)
            #expect(try Self.rows(path) == again.count)
            contents = try journal.contents()
            #expect(contents.plannerEntries == again.last?.plannerEntries[nil] && contents.damage.isEmpty)
        }
    }

    @Test("a forgotten plan is gone at once; its candidates are deleted later, also after a restart")
    func forgotten() throws {
        let kept = PlannerEntry.planOpened(Self.opening(of: PlanName(policyID: "p", step: 4), candidates: 100))
        let entries = [.planOpened(Self.opening(of: plan, candidates: 300)), .planCut(plan)] as [PlannerEntry]
        for slices in [0, 1, 2] {
            let path = try ScratchFolder.new() + "/journal"
            do {
                let journal = try CoordinatorJournal(path: path)
                try Self.commit(Self.parts(entries) + Self.parts([kept]), to: journal)
                try Self.tidy(journal)
                let before = try Self.rows(path)
                try Self.commit(Self.parts([.planForgotten(plan)]), to: journal)
                #expect(try Self.rows(path) == before - 2)
                for _ in 0..<slices { _ = try journal.tidy(for: .zero) }
                #expect(try Self.rows(path) == before - 2 - slices)
            }
            let journal = try CoordinatorJournal(path: path)
            let contents = try journal.contents()
            #expect(contents.plannerEntries == [kept] && contents.damage.isEmpty)
            try Self.commit(Self.parts([.policyForgotten("p")]), to: journal)
            try Self.tidy(journal)
            #expect(try Self.rows(path) == 0)
        }
    }

    @Test("a plan that is opened again under its name is read with its own candidates, while old ones are still there")
    func replaced() throws {
        let path = try ScratchFolder.new() + "/journal"
        let journal = try CoordinatorJournal(path: path)
        let again = PlannerEntry.planOpened(Self.opening(of: plan, candidates: 150, mark: "new"))
        try Self.commit(Self.parts([.planOpened(Self.opening(of: plan, candidates: 300))]), to: journal)
        // What forgets the old plan would forget candidates before it, so it is one row.
        let parts = Self.parts([.planForgotten(plan), again])
        #expect(parts.count == 1)
        try Self.commit(parts, to: journal)
        #expect(try journal.plannerEntries() == [again])
        try Self.commit(Self.parts([.planForgotten(plan)]) + Self.parts([again]), to: journal)
        try Self.tidy(journal)
        #expect(try journal.plannerEntries() == [again])
    }

    @Test("candidates of an old plan that a restart finds before those of its successor are deleted, and no others")
    func left() throws {
        let path = try ScratchFolder.new() + "/journal"
        let again = PlannerEntry.planOpened(Self.opening(of: plan, candidates: 150, mark: "new"))
        let parts = Self.parts([again])
        do {
            let journal = try CoordinatorJournal(path: path)
            try Self.commit(Self.parts([.planOpened(Self.opening(of: plan, candidates: 300))]), to: journal)
            try Self.commit(Self.parts([.planForgotten(plan)]) + parts, to: journal)
            #expect(try Self.rows(path) > parts.count)
        }
        let journal = try CoordinatorJournal(path: path)
        #expect(try journal.plannerEntries() == [again])
        try Self.tidy(journal)
        #expect(try Self.rows(path) == parts.count)
        #expect(try journal.plannerEntries() == [again])
    }

    @Test("a damaged row of candidates drops the plan with a message, and no other", arguments: 0..<4)
    func damaged(place: Int) throws {
        let path = try ScratchFolder.new() + "/journal"
        let kept = PlannerEntry.planOpened(Self.opening(of: PlanName(policyID: "p", step: 4), candidates: 100))
        var lost = 0
        do {
            let journal = try CoordinatorJournal(path: path)
            let parts = Self.parts([.planOpened(Self.opening(of: plan, candidates: 200))])
            lost = parts.count
            try Self.commit(parts + Self.parts([kept]), to: journal)
        }
        let queue = try DatabaseQueue(path: path)
        try queue.write { database in
            let row = try Int64.fetchAll(database, sql: "SELECT sequence FROM plan_entry ORDER BY sequence")[place]
            switch place {
            case 0: try database.execute(sql: "DELETE FROM plan_entry WHERE sequence = ?", arguments: [row])
            default:
                try database.execute(
                    sql: "UPDATE plan_entry SET body = substr(body, 1, length(body) - \(place)) WHERE sequence = ?",
                    arguments: [row])
            }
        }
        try queue.close()
        let contents = try CoordinatorJournal(path: path).contents()
        #expect(contents.plannerEntries == [kept])
        #expect(!contents.damage.isEmpty && contents.damage.count <= lost)
        #expect(try CoordinatorJournal(path: path).contents().damage.isEmpty, "it is named once")
    }
}
