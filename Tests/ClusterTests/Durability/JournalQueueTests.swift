import Cluster
import Scoring
import TestSupport
import Testing
import Wire

@Suite("Cluster: what waits for the disk")
struct JournalQueueTests {
    private static func job(_ number: UInt64, of tenant: String?) -> JournalRequest {
        var request = JournalRequest(tenant: tenant)
        request.append([.jobOpened(JobID(high: 0, low: number), tenant: tenant)])
        return request
    }

    private static func generation(_ number: UInt64) -> JournalRequest {
        var request = JournalRequest(tenant: nil, concernsAll: true)
        request.append([.generationStarted(number)])
        return request
    }

    private static func planner(_ entries: [PlannerEntry], of tenant: String? = "a") -> JournalRequest {
        var request = JournalRequest(tenant: tenant)
        request.append(entries, of: tenant)
        return request
    }

    private static func outcomes(_ range: Range<Int>) -> [RecordedOutcome] {
        range.map { number in
            RecordedOutcome(
                eventID: "e\(number)", promptID: "p\(number)", text: String(repeating: "x", count: 1000), version: 1,
                reward: 1, n: 1, failed: 0, rewards: [1])
        }
    }

    private static func taken(_ queue: inout JournalQueue) -> [JournalRequest] {
        var all: [JournalRequest] = []
        while let next = queue.popFirst() { all.append(next) }
        return all
    }

    @Test("tenants take turns; the requests of one keep their order")
    func turns() {
        var queue = JournalQueue()
        for number in 1...4 { queue.append(Self.job(UInt64(number), of: "a")) }
        queue.append(Self.job(10, of: "b"))
        queue.append(Self.job(11, of: nil))
        let order = Self.taken(&queue).flatMap(\.entries).map { entry -> UInt64 in
            if case .jobOpened(let job, _) = entry { job.low } else { 0 }
        }
        #expect(order == [1, 10, 11, 2, 3, 4])
        #expect(queue.isEmpty)
    }

    @Test("a tenant that is throttled is passed over, and what concerns all does not overtake it")
    func throttled() {
        var queue = JournalQueue()
        queue.append(Self.job(1, of: "a"))
        queue.append(Self.generation(7))
        queue.append(Self.job(2, of: "b"))
        let isThrottled = { (tenant: String?) in tenant == "a" }
        #expect(!queue.hasNext(unless: isThrottled) && queue.popFirst(unless: isThrottled) == nil)
        #expect(queue.hasNext { _ in false })
        let order = [queue.popFirst(), queue.popFirst(unless: isThrottled), queue.popFirst(unless: isThrottled)]
        #expect(order.map { $0?.concernsAll } == [false, true, false] && order.last??.tenant == "b")
    }

    @Test("what concerns all comes behind everything before it, and before everything behind it")
    func concerningAll() {
        var queue = JournalQueue()
        for number in 1...3 { queue.append(Self.job(UInt64(number), of: "a")) }
        queue.append(Self.generation(7))
        queue.append(Self.job(4, of: "b"))
        queue.append(Self.generation(8))
        queue.append(Self.job(5, of: "a"))
        let order = Self.taken(&queue).flatMap(\.entries)
        #expect(
            order == [
                .jobOpened(JobID(high: 0, low: 1), tenant: "a"), .jobOpened(JobID(high: 0, low: 2), tenant: "a"),
                .jobOpened(JobID(high: 0, low: 3), tenant: "a"), .generationStarted(7),
                .jobOpened(JobID(high: 0, low: 4), tenant: "b"), .generationStarted(8),
                .jobOpened(JobID(high: 0, low: 5), tenant: "a"),
            ])
    }

    @Test("a long report is kept in parts, between which others have their turn; only the last one completes it")
    func parts() {
        let all = Self.outcomes(0..<500)
        var queue = JournalQueue()
        let trimmed = PlannerEntry.outcomesTrimmed(policyID: "p", keeping: 9)
        queue.append(Self.planner([.outcomesRecorded(policyID: "p", all), trimmed]))
        queue.append(Self.planner([.outcomesRecorded(policyID: "p", Self.outcomes(900..<901))], of: "b"))
        let order = Self.taken(&queue)
        #expect(order.count > 5)
        #expect(order.map(\.tenant).prefix(3) == ["a", "b", "a"])
        let own = order.filter { $0.tenant == "a" }
        #expect(own.dropLast().allSatisfy { !$0.completes && $0.bytesWaiting < 70_000 })
        #expect(own.last?.completes == true)
        let entries = own.compactMap { $0.plannerEntries["a"] }.joined()
        let kept = entries.flatMap { entry -> [RecordedOutcome] in
            if case .outcomesRecorded("p", let some) = entry { some } else { [] }
        }
        #expect(kept == all)
        #expect(entries.last == trimmed)
    }

    @Test("what deletes much is kept in parts too, in order, however few bytes it has")
    func deleting() {
        let entries: [PlannerEntry] = [
            .textsForgotten(policyID: "p", promptIDs: ["q"]), .policyReduced("p"), .policyReduced("p"),
            .policyForgotten("p"),
        ]
        var queue = JournalQueue()
        queue.append(Self.planner(entries))
        queue.append(Self.planner([.policyForgotten("other")], of: "b"))
        let order = Self.taken(&queue)
        #expect(order.map(\.tenant) == ["a", "b", "a", "a", "a"])
        let own = order.filter { $0.tenant == "a" }
        #expect(own.map { $0.plannerEntries["a"] } == entries.map { [$0] })
        #expect(own.map(\.completes) == [false, false, false, true])
    }

    @Test("outcomes that a trainer's rewind has dropped leave in parts, the latest first")
    func returning() {
        let events = (0..<2000).reversed().map { "e\($0)" }
        let begun = PlannerEntry.attemptBegan(policyID: "p", PolicyAttempts())
        var queue = JournalQueue()
        queue.append(Self.planner([begun, .outcomesForgotten(policyID: "p", eventIDs: events)]))
        queue.append(Self.planner([.policyForgotten("other")], of: "b"))
        let order = Self.taken(&queue)
        #expect(order.count > 5 && order.map(\.tenant).prefix(3) == ["a", "b", "a"])
        let own = order.compactMap { $0.plannerEntries["a"] }.joined()
        let forgotten = own.flatMap { entry -> [String] in
            if case .outcomesForgotten("p", let some) = entry { some } else { [] }
        }
        #expect(forgotten == events && own.last == begun)
    }

    @Test("the names of a long plan's texts come before the plan, which is kept whole")
    func plans() {
        let texts = (0..<300).map { NamedText(promptID: "p\($0)", text: String(repeating: "y", count: 500)) }
        let plan = PlanName(policyID: "p", step: 2)
        let entries: [PlannerEntry] = [
            .planForgotten(PlanName(policyID: "p", step: 1)), .planCut(plan), .textsNamed(policyID: "p", texts),
        ]
        var queue = JournalQueue()
        let request = Self.planner(entries)
        queue.append(request)
        let order = Self.taken(&queue)
        #expect(order.count > 2)
        #expect(order.last?.plannerEntries["a"] == [entries[0], entries[1]])
        #expect(order.last?.completes == true)
        #expect(order.reduce(0) { $0 + $1.bytesWaiting } == request.bytesWaiting)
        let named = order.flatMap { $0.plannerEntries["a"] ?? [] }.flatMap { entry -> [NamedText] in
            if case .textsNamed("p", let some) = entry { some } else { [] }
        }
        #expect(named == texts)
    }

    @Test("a long plan's candidates come before the part that opens it; a short plan is one")
    func candidates() throws {
        let plan = PlanName(policyID: "p", step: 2)
        func opening(_ count: Int) -> PlanOpening {
            let candidates = (0..<count).map {
                PlanCandidate(promptID: "p\($0)", text: String(repeating: "y", count: 500))
            }
            return PlanOpening(
                request: RequestPlan(plan: plan, total: 4 * count, candidates: candidates), identity: [], minimum: 1,
                maximum: 8, price: nil, contextRows: 0, staleness: -1, warnings: [])
        }
        let (long, short) = (Self.planner([.planOpened(opening(400))]), Self.planner([.planOpened(opening(40))]))
        var queue = JournalQueue()
        queue.append(long)
        queue.append(short)
        let order = Self.taken(&queue)
        let parts = order.dropLast()
        #expect(parts.count > 3)
        #expect(parts.compactMap(\.planPart).flatMap(\.indices) == Array(0..<400))
        #expect(parts.dropLast().allSatisfy { !$0.completes && $0.plannerEntries.isEmpty && $0.bytesWaiting < 70_000 })
        let last = try #require(parts.last)
        #expect(last.plannerEntries == long.plannerEntries && last.completes && last.opensByParts)
        #expect(parts.reduce(0) { $0 + $1.bytesWaiting } == long.bytesWaiting)
        #expect(order.last?.plannerEntries == short.plannerEntries && order.last?.opensByParts == false)
    }

    @Test("a group's report is never divided: its outcomes and what the plan follows from are durable together")
    func whole() {
        let plan = PlanName(policyID: "p", step: 2)
        let report = GroupReport(index: 0, eventID: "e", rewards: [1], failed: 0, references: [])
        let request = Self.planner([
            .groupReported(plan, report), .outcomesRecorded(policyID: "p", Self.outcomes(0..<500)),
        ])
        var queue = JournalQueue()
        queue.append(request)
        let order = Self.taken(&queue)
        #expect(order.count == 1)
        #expect(order.first?.plannerEntries == request.plannerEntries)
        #expect(order.first?.completes == true)
    }
}
