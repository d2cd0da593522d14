import Cluster
import CoordinatorNode
import Foundation
import GRDB
import TestSupport
import Testing
import Wire

@Suite("The coordinator's journal: tenants")
struct TenantJournalTests {
    private func outcomes(_ tenant: String, policy: String = "p", _ count: Int = 3) -> [PlannerEntry] {
        (0..<count).map { number in
            .outcomesRecorded(
                policyID: policy,
                [
                    RecordedOutcome(
                        eventID: "e\(number)", promptID: "q\(number)", text: "\(tenant) \(number)", version: 1,
                        reward: 0.5, n: 2, failed: 0, rewards: [0, 1])
                ])
        }
    }

    private func plan(_ tenant: String) -> [PlannerEntry] {
        let request = RequestPlan(
            plan: PlanName(policyID: "p", step: 1), total: 8,
            candidates: [PlanCandidate(promptID: "q", text: "\(tenant) text")])
        let opening = PlanOpening(
            request: request, identity: Array(tenant.utf8), minimum: 1, maximum: 8, price: nil, contextRows: 0,
            staleness: -1, warnings: [])
        return [.planOpened(opening), .planCut(request.plan)]
    }

    private func version(_ path: String) throws -> Int {
        try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? -1 }
    }

    @Test("policies, plans, attempts and texts of the same names are read back under their tenants, also after repair")
    func entries() throws {
        let folder = try ScratchFolder.new()
        let path = folder + "/journal"
        let named: [PlannerEntry] = [.textsNamed(policyID: "p", [NamedText(promptID: "q9", text: "known")])]
        let begun = PolicyAttempts(beginnings: [.init(attempt: 3, step: 7)], rewoundTo: nil)
        let all = { (tenant: String) -> [PlannerEntry] in
            outcomes(tenant) + [.attemptBegan(policyID: "p", begun)] + plan(tenant) + named
        }
        do {
            let journal = try CoordinatorJournal(path: path)
            _ = try journal.contents()
            try journal.commit([], all("none"))
            #expect(try version(path) == 1, "a journal without tenants is one of the former version")
            try journal.commit(
                [.jobOpened(JobID(high: 1, low: 2), tenant: "a"), .workerQuarantined("w", tenant: "b")],
                tenants: ["a": all("a"), "b": all("b")])
        }
        #expect(try version(path) == 2)
        func check(_ contents: JournalContents) {
            #expect(contents.damage.isEmpty && contents.plannerEntries == all("none"))
            #expect(contents.tenants == ["a": all("a"), "b": all("b")])
            #expect(
                contents.entries
                    == [.jobOpened(JobID(high: 1, low: 2), tenant: "a"), .workerQuarantined("w", tenant: "b")])
        }
        check(try CoordinatorJournal(path: path).contents())
        check(try JournalCare.check(path).contents)
        _ = try JournalCare.backup(path, to: folder + "/copy")
        check(try CoordinatorJournal(path: folder + "/copy").contents())
        #expect(try JournalCare.repair(path, to: folder + "/repaired").isSound)
        check(try CoordinatorJournal(path: folder + "/repaired").contents())
        #expect(try version(folder + "/repaired") == 2)
    }

    @Test("forgetting a policy, a plan, texts or outcomes of a tenant deletes nothing of another's")
    func forgetting() throws {
        let path = try ScratchFolder.new() + "/journal"
        let named: [PlannerEntry] = [.textsNamed(policyID: "p", [NamedText(promptID: "q9", text: "known")])]
        let all = { (tenant: String) in outcomes(tenant) + plan(tenant) + named }
        let journal = try CoordinatorJournal(path: path)
        try journal.commit([], all("none"), tenants: ["a": all("a"), "b": all("b")])
        try journal.commit([], tenants: ["a": [.policyForgotten("p")]])
        #expect(try journal.contents().tenants == ["b": all("b")])
        #expect(try journal.contents().plannerEntries == all("none"))
        try journal.commit(
            [], [.planForgotten(PlanName(policyID: "p", step: 1)), .textsForgotten(policyID: "p", promptIDs: ["q9"])])
        #expect(try journal.contents().plannerEntries == outcomes("none"))
        try journal.commit([], [.outcomesTrimmed(policyID: "p", keeping: 1)])
        try journal.commit([], tenants: ["b": [.outcomesForgotten(policyID: "p", eventIDs: ["e0", "e2", "e1", "e9"])]])
        #expect(try journal.contents().plannerEntries == Array(outcomes("none").dropFirst(2)))
        #expect(try journal.contents().tenants == ["b": plan("b") + named])
    }

    @Test("no id of a policy can look like another tenant's policy")
    func disguises() throws {
        let path = try ScratchFolder.new() + "/journal"
        let ids = ["p", "a\0p", "\u{FF}a\0p", "\u{FFFD}a\0p", "\0", "a", "a\0", "\u{1}a\u{1}p", "b\0a\0p", "\u{7F}"]
        let tenants = ["a", "b", "a.b", "server-1"]
        var expected: [String: Set<String>] = [:]
        do {
            let journal = try CoordinatorJournal(path: path)
            try journal.commit([], ids.flatMap { outcomes("none", policy: $0, 1) })
            for tenant in tenants {
                try journal.commit([], tenants: [tenant: ids.flatMap { outcomes(tenant, policy: $0, 1) }])
                expected[tenant] = Set(ids)
            }
        }
        func found(_ entries: [PlannerEntry], of tenant: String) -> Set<String> {
            Set(
                entries.compactMap { entry in
                    guard case .outcomesRecorded(let policyID, let outcomes) = entry,
                        outcomes.allSatisfy({ $0.text.hasPrefix("\(tenant) ") })
                    else { return nil }
                    return policyID
                })
        }
        let contents = try CoordinatorJournal(path: path).contents()
        #expect(contents.damage.isEmpty && found(contents.plannerEntries, of: "none") == Set(ids))
        #expect(contents.plannerEntries.count == ids.count)
        for tenant in tenants {
            #expect(found(contents.tenants[tenant] ?? [], of: tenant) == Set(ids))
            #expect(contents.tenants[tenant]?.count == ids.count)
        }
        #expect(contents.tenants.count == tenants.count)
    }

    @Test("a row whose tenant is damaged is put aside, and becomes nobody's policy and nobody's job")
    func damage() throws {
        let path = try ScratchFolder.new() + "/journal"
        do {
            try CoordinatorJournal(path: path).commit(
                [.jobOpened(JobID(high: 1, low: 2), tenant: "a")], tenants: ["a": outcomes("a")])
        }
        try DatabaseQueue(path: path).write { database in
            try database.execute(sql: "UPDATE outcome SET policy = 'p' WHERE event = 'e1'")
            try database.execute(sql: "UPDATE outcome SET policy = x'FF00FF' WHERE event = 'e2'")
            try database.execute(sql: "UPDATE entry SET body = NULL")
        }
        let contents = try CoordinatorJournal(path: path).contents()
        #expect(contents.entries.isEmpty && contents.plannerEntries.isEmpty)
        #expect(contents.tenants["a"]?.count == 1 && contents.damage.count == 3)
    }
}
