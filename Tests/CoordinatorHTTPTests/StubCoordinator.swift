import Cluster
import Foundation
import CoordinatorHTTP
import Keys
import Planning
import Scoring
import Synchronization
import Wire

/// A coordinator for tests of HTTP alone: sends a planner's messages, chosen by the request's policy id.
///
/// It keeps plans, so that equal requests get equal plans and others are refused; its predictions are made up.
final class StubCoordinator: Sendable {
    private struct State {
        var plans: [PlanName: (identity: Digest, sent: [Message])] = [:]
        var groups: [PlanName: [GroupDone]] = [:]
        var listeners: [PlanName: [AsyncStream<Message>.Continuation]] = [:]
        var seen: Set<String> = []
        var report: CoordinatorReport? = CoordinatorReport()
        /// In which scope each request was asked.
        var scopes: [Scope] = []
        /// The same of reports, which the server also reads by itself.
        var reports: [Scope] = []
        /// Sends the rest of a plan whose first budgets were sent.
        var held: @Sendable () -> Void = {}
        /// What holders of tokens have changed.
        var audited: [AuditedChange] = []
    }

    private let state = Mutex(State())

    var client: CoordinatorClient {
        CoordinatorClient(
            ask: { message, scope in
                self.record(scope)
                return AsyncStream { self.answer(message, $0) }
            },
            report: { scope in
                self.state.withLock { state in
                    state.reports.append(scope)
                    return state.report
                }
            },
            query: { query, scope in
                self.record(scope)
                return self.answer(query)
            },
            operate: { request, scope in
                self.record(scope)
                return self.state.withLock { $0.report } == nil ? nil : self.operate(request)
            },
            audit: { change in self.state.withLock { $0.audited.append(change) } })
    }

    /// The lines of the audit log since the last call.
    func takeAudited() -> [AuditedChange] {
        state.withLock { state in
            defer { state.audited = [] }
            return state.audited
        }
    }

    private func record(_ scope: Scope) { state.withLock { $0.scopes.append(scope) } }

    /// The scopes of all requests, and of reports, since the last call.
    func takeScopes() -> (asked: Set<Scope>, reports: Set<Scope>) {
        state.withLock { state in
            defer { (state.scopes, state.reports) = ([], []) }
            return (Set(state.scopes), Set(state.reports))
        }
    }

    /// A cluster of one worker, one job and one plan.
    private func operate(_ request: OperatorRequest) -> OperatorAnswer {
        switch request {
        case .details:
            let json = #"""
                {"workers":[{"name":"host/1","role":"value","silentSeconds":0.25,"isDraining":false,"leases":1,"rows":8}],
                 "jobs":[{"id":"\#(Self.job)","owner":"away","pending":2,"leased":1,"unconfirmed":0,"rows":24,
                          "confirmedShards":3}], "workersOmitted":0, "jobsOmitted":0,
                 "plans":[{"policyID":"a","step":3,"prompts":8,"predicted":4,"budgets":2,"groupsDone":0,"hasEnded":false}]}
                """#
            let details = try? JSONDecoder().decode(ClusterDetails.self, from: Data(json.utf8))
            return details.map { .details($0) } ?? .unknown(message: "the stub's JSON is wrong")
        case .overview: return .overview(ClusterOverview())
        case .drain("host/1"): return .draining(workers: 1, leases: 1)
        case .cancel(Self.job): return .cancelled(pieces: 3)
        case .drain, .cancel: return .unknown(message: "there is none")
        }
    }

    static let job = "00000000000000010000000000000002"

    /// The report from now on; `nil`: the coordinator does not answer.
    func show(_ report: CoordinatorReport?) {
        state.withLock { $0.report = report }
    }

    /// Sends the rest of the plan of the policy `held`.
    func release() {
        state.withLock { $0.held }()
    }

    /// A policy `a` with two outcomes.
    private func answer(_ query: HistoryQuery) -> HistoryAnswer? {
        guard state.withLock({ $0.report }) != nil else { return nil }
        let policy = PolicySummary(
            policyID: "a", outcomes: 2, prompts: 3, bytes: 4096, latestVersion: 7, failureRate: 0.25, plans: [6, 7],
            idleRank: 1)
        let outcomes = [
            RecordedOutcome(
                eventID: "e1", promptID: "p1", text: "one", version: 7, reward: 0.5, n: 4, failed: 0, rewards: []),
            RecordedOutcome(
                eventID: "e2", promptID: "p2", text: "two", version: 7, reward: 0, n: 0, failed: 3, rewards: []),
        ]
        return switch query {
        case .policies: .policies([policy])
        case .outcomes("a", let from, _): .outcomes(Array(outcomes.dropFirst(from)), next: nil)
        case .forget("a"): .forgotten(policy)
        default: .unknown
        }
    }

    private func answer(_ message: Message, _ listener: AsyncStream<Message>.Continuation) {
        if message.policyID == "nowhere" {
            let refusal = RequestRefused(.request(0), .unknown, message: "no such tenant", code: "unknown_tenant")
            listener.yield(.requestRefused(refusal))
            return listener.finish()
        }
        switch message {
        case .requestPlan(let request): plan(request, listener)
        case .followPlan(let name, let after): follow(name, after, listener)
        case .reportOutcomes(let report): record(report, listener)
        case .requestScores(let request): score(request, listener)
        case .dropPlans(let drop) where drop.policyID == "gone": listener.finish()
        case .dropPlans(let drop):
            listener.yield(
                drop.policyID == "taken"
                    ? .requestRefused(
                        RequestRefused(.request(drop.request), .conflict, message: "it is over", code: "abandoned"))
                    : .plansDropped(
                        PlansDropped(
                            request: drop.request, plans: drop.fromStep, groups: drop.keepsOutcomes ? 1 : 0,
                            outcomes: 3,
                            attempt: drop.attempt)))
        default: listener.finish()
        }
    }

    private func plan(_ request: RequestPlan, _ listener: AsyncStream<Message>.Continuation) {
        let refuse = { (reason: RequestRefused.Reason, message: String) in
            _ = listener.yield(.requestRefused(RequestRefused(.plan(request.plan), reason, message: message)))
        }
        switch request.plan.policyID {
        case "silent": return
        case "gone": return listener.finish()
        case "full": return refuse(.capacity, "no room for another plan")
        case "unheard": return refuse(.unknown, "items[0]: prompt p0 has no text")
        case "late": return refuse(.deadline, "the deadline is over")
        default: break
        }
        let kept = state.withLock { $0.plans[request.plan] }
        if let kept, kept.identity != request.identity {
            return refuse(.conflict, "step \(request.plan.step) was planned for another request")
        }
        do {
            let sent = try kept?.sent ?? messages(for: request)
            state.withLock { $0.plans[request.plan] = (request.identity, sent) }
            guard request.plan.policyID == "held", kept == nil else {
                for message in sent { listener.yield(message) }
                return
            }
            listener.yield(sent[0])
            state.withLock { $0.held = { for message in sent.dropFirst() { listener.yield(message) } } }
        } catch {
            refuse(.invalid, "\(error)")
        }
    }

    private func messages(for request: RequestPlan) throws -> [Message] {
        var wanted = BudgetRequest(total: request.total, minimum: request.minimum, maximum: request.maximum)
        wanted.multipleOf = request.multipleOf
        wanted.groupSizes = request.groupSizes.isEmpty ? nil : request.groupSizes
        let budgets = try wanted.fallback(promptIDs: request.candidates.map(\.promptID), because: .noModel)
        let planned = budgets.enumerated().map { index, budget in
            PlannedBudget(
                index: index, promptID: budget.promptID, n: budget.n, p: index % 2 == 0 ? 0.25 : nil,
                kappa: index % 2 == 0 ? 4 : nil, source: budget.source.rawValue, reason: budget.reason.rawValue)
        }
        let isBroken = request.plan.policyID == "broken"
        let end = PlanEnd(
            planID: String(request.identity.hex.prefix(16)), status: .fallback, prompts: planned.count,
            total: planned.reduce(0) { $0 + $1.n }, surplus: request.total - planned.reduce(0) { $0 + $1.n },
            reserve: request.reserve, utility: 0, uniformUtility: 0, upperBound: 0, price: nil, zeroGroups: 0,
            digest: PlanEnd.digest(of: planned.map(\.n) + (isBroken ? [1] : [])).bytes, contextRows: 0, staleness: -1,
            uniformReason: "no_model", warnings: [])
        // Two batches; the second one has the first prompt's budget once more.
        let half = planned.count / 2
        return [
            .budgets(request.plan, Array(planned[..<half])),
            .budgets(request.plan, Array(planned[half...] + planned[..<min(1, half)])), .planEnd(request.plan, end),
        ]
    }

    private func follow(_ name: PlanName, _ after: Int, _ listener: AsyncStream<Message>.Continuation) {
        let (plan, groups) = state.withLock { state in
            state.listeners[name, default: []].append(listener)
            return (state.plans[name], state.groups[name] ?? [])
        }
        guard let plan else {
            listener.yield(.requestRefused(RequestRefused(.plan(name), .unknown, message: "\(name) was not asked for")))
            return
        }
        for message in plan.sent { listener.yield(message) }
        for group in groups where group.number >= after { listener.yield(.groupDone(name, group)) }
    }

    private func record(_ report: ReportOutcomes, _ listener: AsyncStream<Message>.Continuation) {
        if report.policyID == "silent" { return }
        if report.policyID == "gone" { return listener.finish() }
        if report.policyID == "full" {
            listener.yield(.requestRefused(RequestRefused(.request(report.request), .capacity, message: "no room")))
            return
        }
        if report.policyID == "odd" {
            listener.yield(
                .requestRefused(RequestRefused(.request(report.request), .invalid, message: "no such thing")))
            return
        }
        var recorded = OutcomesRecorded(
            request: report.request, accepted: 0, duplicates: 0, rejected: [], decisions: [])
        for (index, outcome) in report.outcomes.enumerated() {
            if let bad = outcome.rewards.first(where: { !(report.rewards ?? 0...1).contains($0) }) {
                recorded.rejected.append(
                    .init(index: index, eventID: outcome.eventID, code: "reward_out_of_range", message: "\(bad)"))
                continue
            }
            guard state.withLock({ $0.seen.insert(outcome.eventID).inserted }) else {
                recorded.duplicates += 1
                continue
            }
            recorded.accepted += 1
            guard let step = outcome.step else { continue }
            let name = PlanName(policyID: report.policyID, step: step)
            recorded.decisions.append(.init(index: index, draw: 0, done: done(name, outcome)))
        }
        listener.yield(.outcomesRecorded(recorded))
    }

    private func done(_ name: PlanName, _ outcome: GroupOutcome) -> GroupDone {
        let mean = outcome.rewards.reduce(0, +) / Double(max(1, outcome.rewards.count))
        let (group, listeners) = state.withLock { state in
            let group = GroupDone(
                number: state.groups[name, default: []].count, index: 0, promptID: outcome.promptID,
                rewards: outcome.rewards, advantages: outcome.rewards.map { $0 - mean }, baseline: mean,
                failed: outcome.failed, reason: "planned", references: [])
            state.groups[name, default: []].append(group)
            return (group, state.listeners[name] ?? [])
        }
        for listener in listeners { listener.yield(.groupDone(name, group)) }
        return group
    }

    private func score(_ request: RequestScores, _ listener: AsyncStream<Message>.Continuation) {
        let refusal: RequestRefused.Reason? =
            switch request.policy.id {
            case "full": .capacity
            case "late": .deadline
            case "odd": .invalid
            default: nil
            }
        if request.policy.id == "gone" { return listener.finish() }
        if let refusal {
            listener.yield(.requestRefused(RequestRefused(.request(request.request), refusal, message: "not now")))
            return
        }
        let predictions = (0..<request.texts.count).map { row in
            row % 3 == 2
                ? nil : Prediction(p: 0.5, kappa: row == 0 ? .infinity : 2, pLo: 0.1, pHi: 0.9, flags: .truncated)
        }
        listener.yield(
            .scores(
                Scores(
                    request: request.request, context: request.context?.digest ?? Digest(of: "none"),
                    contextRows: request.context?.count ?? 0,
                    fingerprint: ModelFingerprint(name: "made-up", digest: Digest(of: "made-up")),
                    answers: AnswerBlock(predictions),
                    faults: predictions.enumerated().filter { $0.element == nil }.map {
                        RowFault(row: UInt32($0.offset), code: "prediction_failed", message: "made up")
                    })))
    }
}

extension Message {
    /// The policy that a request is about.
    fileprivate var policyID: String? {
        switch self {
        case .requestPlan(let request): request.plan.policyID
        case .dropPlans(let request): request.policyID
        case .reportOutcomes(let report): report.policyID
        case .requestScores(let request): request.policy.id
        default: nil
        }
    }
}
