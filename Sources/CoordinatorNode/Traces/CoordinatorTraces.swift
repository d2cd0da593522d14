import Cluster
import Logging
import Scoring
import Traces
import Wire

/// Spans of the coordinator, from the messages that it receives and sends. Its state machines know nothing of them.
///
/// `job` and `shard` of scoring clients, `queued` and `lent` of pieces, `plan` and `scores` of trainers, `assignment` of
/// rollouts. A restarted coordinator begins new spans: traces are not in the journal.
///
/// What a request has caused may end without a message, because nobody waits for it any more: a plan that is dropped, a job
/// that an operator ends. Those ends are read from the events of the log.
struct CoordinatorTraces {
    /// A shard of a client's job.
    private struct ShardKey: Hashable {
        let job: JobID
        let shard: UInt32
    }

    /// A run of rows that is lent, whatever the attempt.
    private struct PieceKey: Hashable {
        let job: JobID
        let shard: UInt32
        let firstRow: Int

        init(_ piece: PieceName) {
            (job, shard, firstRow) = (piece.job, piece.shard, piece.rows.lowerBound)
        }
    }

    private struct AssignmentKey: Hashable {
        let plan: PlanKey
        let index: Int

        init(_ plan: PlanName, _ index: Int, of tenant: String?) {
            self.plan = PlanKey(tenant: tenant, plan: plan)
            self.index = index
        }
    }

    /// Tenants may give their policies the same name.
    private struct PlanKey: Hashable {
        let tenant: String?
        let plan: PlanName

        var source: PlannerState.PredictionSource { .plan(plan, tenant: tenant) }
    }

    private let tracer: Tracer
    private var jobs = OpenSpans<JobID>(max: 1024)
    private var shards = OpenSpans<ShardKey>(max: 16_384)
    private var lent = OpenSpans<PieceKey>(max: 16_384)
    private var requests = OpenSpans<PlannerState.PredictionSource>(max: Self.plansMax)
    private var assignments = OpenSpans<AssignmentKey>(max: 16_384)
    /// The spans of plans that have ended, for their assignments; newest last.
    private var ended: [(plan: PlanKey, context: TraceContext)] = []
    /// Plans with a span. A refusal that names an open one, or is for another peer, is of another request for its step.
    private var plans: [PlanKey: (peer: Peer, isOpen: Bool)] = [:]
    /// Clients of jobs with a span. A refusal for another one is of another request.
    private var clients: [JobID: Peer] = [:]
    /// What the latest refusal of an open plan's step said.
    private var refusal: (plan: PlanKey, failure: String)?
    /// Numbers of the requests for scores in progress, by who waits for them.
    private var waiting: [Peer: Set<UInt64>] = [:]
    /// How many pieces of a job are in `lent`, at most: the spans of other jobs are not searched.
    private var lentCount: [JobID: Int] = [:]

    private static let endedMax = 64
    private static let plansMax = 4096

    init(_ tracer: Tracer) {
        self.tracer = tracer
    }

    /// A message has arrived, and is about to be handled.
    mutating func received(_ message: Message, _ trace: TraceContext?, from peer: Peer) {
        switch message {
        case .submitJob(let submitted):
            guard jobs[submitted.job] == nil else { return }
            let span = tracer.start("job", .server, parent: trace)
            span.set("statezero.job", "\(submitted.job)")
            span.set("statezero.policy", submitted.policy.id)
            jobs.open(submitted.job, span)
        case .submitShard(let submitted): begin(submitted, trace)
        case .bye: left(peer)
        case .shardResult(let result):
            let span = closeLent(result.piece)
            if !result.faults.isEmpty { span?.set("statezero.row_errors", result.faults.count) }
            span?.end()
        case .shardReturned(let piece, let reason): closeLent(piece)?.end(failure: "returned: \(reason)")
        case .requestPlan(let request):
            let plan = PlanKey(tenant: peer.tenant, plan: request.plan)
            // One that is repeated, or is another for the same step, is answered by the plan that is there.
            guard requests[plan.source] == nil else { return }
            let span = tracer.start("plan", .server, parent: trace)
            span.set("statezero.policy", request.plan.policyID)
            span.set("statezero.step", request.plan.step)
            span.set("statezero.prompts", request.candidates.count)
            span.set("statezero.rollouts", request.total)
            requests.open(plan.source, span)
            plans[plan] = (peer, false)
            // Spans beyond the bound have ended.
            if plans.count > 2 * Self.plansMax { plans = plans.filter { requests[$0.key.source] != nil } }
        case .requestScores(let request):
            let span = tracer.start("scores", .server, parent: trace)
            span.set("statezero.policy", request.policy.id)
            span.set("statezero.prompts", request.texts.count)
            requests.open(.scores(peer, request: request.request), span)
            waiting[peer, default: []].insert(request.request)
        case .rewards(let rewards):
            let span = assignments.close(AssignmentKey(rewards.name.plan, rewards.name.index, of: peer.tenant))
            span?.set("statezero.rewards", rewards.rewards.count)
            span?.end()
        case .assignmentReturned(let name, let reason):
            assignments.close(AssignmentKey(name.plan, name.index, of: peer.tenant))?
                .end(failure: "returned: \(reason)")
        default: break
        }
    }

    /// A message is about to be sent: begins and ends spans, and adds the one that the receiver's belong to.
    mutating func sending(_ envelope: inout Envelope, to peer: Peer, _ machines: CoordinatorMachines) {
        switch envelope.message {
        case .shard(let piece, _, let content): envelope.trace = lend(piece, rows: content.count, machines)
        case .shardAnswer(let answer):
            let span = shards.close(ShardKey(job: answer.job, shard: answer.shard))
            if !answer.faults.isEmpty { span?.set("statezero.row_errors", answer.faults.count) }
            span?.end()
            envelope.trace = span?.context
        case .jobAccepted(let accepted): if jobs[accepted.job] != nil { clients[accepted.job] = peer }
        case .jobRefused(let job, let reason, _):
            guard clients[job] ?? peer == peer else { return }
            clients[job] = nil
            jobs.close(job)?.end(failure: "refused: \(reason)")
        case .planEnd(let plan, let end): finish(PlanKey(tenant: peer.tenant, plan: plan), end.status)
        case .scores(let scores): closeScores(scores.request, of: peer)?.end()
        case .requestRefused(let refused):
            let failure = "refused: \(refused.reason)"
            switch refused.subject {
            case .plan(let name):
                let plan = PlanKey(tenant: peer.tenant, plan: name)
                if plans[plan]?.isOpen == true {
                    refusal = (plan, failure)
                } else if plans[plan]?.peer == peer {
                    plans[plan] = nil
                    requests.close(plan.source)?.end(failure: failure)
                }
            case .request(let number): closeScores(number, of: peer)?.end(failure: failure)
            }
        case .assignment(let assignment): envelope.trace = assign(assignment, of: peer.tenant)
        default: break
        }
    }

    /// The span that an event of the log belongs to.
    func span(of event: CoordinatorState.LogEvent) -> Span? {
        switch event {
        case .jobOpened(let job, _, _), .clientLost(let job), .jobRefused(let job, _): jobs[job]
        case .leaseExpired(let piece, _), .rowPoisoned(let piece): lent[PieceKey(piece)] ?? jobs[piece.job]
        default: nil
        }
    }

    /// An event of the log was written.
    mutating func logged(_ event: CoordinatorState.LogEvent) {
        if case .jobClosed(let job) = event { end(job, failure: "the job was closed") }
    }

    /// An event of the log was written.
    mutating func logged(_ event: PlannerState.LogEvent, of tenant: String?) {
        switch event {
        case .planOpened(let plan, _, _, _): plans[PlanKey(tenant: tenant, plan: plan)]?.isOpen = true
        case .planEnded(let plan, let status, _, _): finish(PlanKey(tenant: tenant, plan: plan), status)
        case .planForgotten(let plan): drop(PlanKey(tenant: tenant, plan: plan))
        case .trainerWentBack(let policyID, let step, _, _, _):
            dropPreparing(of: tenant) { $0.policyID == policyID && $0.step >= step }
        case .policyForgotten(let policyID, _): dropPreparing(of: tenant) { $0.policyID == policyID }
        default: break
        }
    }

    /// A peer waits for nothing any more. Its plans go on.
    mutating func left(_ peer: Peer) {
        for number in waiting.removeValue(forKey: peer) ?? [] {
            requests.close(.scores(peer, request: number))?.end(failure: "its trainer has left")
        }
    }

    /// The span that an event of the log belongs to.
    func span(of event: PlannerState.LogEvent, _ tenant: String?) -> Span? {
        switch event {
        case .planOpened(let plan, _, _, _), .planEnded(let plan, _, _, _), .planRefused(let plan, _):
            requests[.plan(plan, tenant: tenant)]
        default: nil
        }
    }

    /// The coordinator stops: what is in progress ends here, and goes on under the next one.
    mutating func stop() {
        let failure = "the coordinator stopped"
        lent.endAll(failure: failure)
        assignments.endAll(failure: failure)
        shards.endAll(failure: failure)
        requests.endAll(failure: failure)
        jobs.endAll(failure: failure)
    }

    /// A job is over, perhaps before its shards are. Nothing is searched for a job that has no span.
    private mutating func end(_ job: JobID, failure: String) {
        if lentCount.removeValue(forKey: job) != nil { lent.endAll(failure: failure) { $0.job == job } }
        clients[job] = nil
        guard let span = jobs.close(job) else { return }
        shards.endAll(failure: failure) { $0.job == job }
        span.end()
    }

    private mutating func closeLent(_ piece: PieceName) -> Span? {
        guard let span = lent.close(PieceKey(piece)) else { return nil }
        if let count = lentCount[piece.job] { lentCount[piece.job] = count > 1 ? count - 1 : nil }
        return span
    }

    private mutating func closeScores(_ number: UInt64, of peer: Peer) -> Span? {
        if waiting[peer]?.remove(number) != nil, waiting[peer]?.isEmpty == true { waiting[peer] = nil }
        return requests.close(.scores(peer, request: number))
    }

    private mutating func begin(_ submitted: SubmitShard, _ trace: TraceContext?) {
        let key = ShardKey(job: submitted.job, shard: submitted.shard)
        guard shards[key] == nil, let parent = trace ?? jobs[submitted.job]?.context else { return }
        let span = tracer.start("shard", .server, parent: parent)
        span.set("statezero.shard", Int(submitted.shard))
        span.set("statezero.rows", submitted.content.count)
        shards.open(key, span)
    }

    private mutating func lend(_ piece: PieceName, rows: Int, _ machines: CoordinatorMachines) -> TraceContext? {
        let shard = shards[ShardKey(job: piece.job, shard: piece.shard)]
        guard let parent = shard ?? machines.source(of: piece.job).flatMap({ requests[$0] }) else { return nil }
        if piece.attempt == 1, let start = parent.start { parent.record("queued", start: start, end: Span.now) }
        // An earlier attempt whose worker is lost ends here.
        closeLent(piece)?.end(failure: "lost")
        let span = parent.child("lent", .client)
        span.set("statezero.shard", Int(piece.shard))
        span.set("statezero.rows", rows)
        span.set("statezero.attempt", Int(piece.attempt))
        lent.open(PieceKey(piece), span)
        lentCount[piece.job, default: 0] += 1
        return span.context
    }

    private mutating func finish(_ plan: PlanKey, _ status: PlanEnd.Status) {
        plans[plan] = nil
        // A trainer that follows the plan later gets its end again.
        guard let span = requests.close(plan.source) else { return }
        span.set("statezero.plan_status", status.rawValue)
        span.end()
        ended.removeAll { $0.plan == plan }
        ended.append((plan, span.context))
        if ended.count > Self.endedMax { ended.removeFirst() }
    }

    /// A plan and its groups are over, because it was dropped or forgotten. Cost: a look at the assignments under way.
    private mutating func drop(_ plan: PlanKey) {
        let failure = refusal.flatMap { $0.plan == plan ? $0.failure : nil } ?? "the plan was dropped"
        refusal = nil
        plans[plan] = nil
        requests.close(plan.source)?.end(failure: failure)
        ended.removeAll { $0.plan == plan }
        if !assignments.isEmpty { assignments.endAll(failure: "its plan was dropped") { $0.plan == plan } }
    }

    /// Plans of a tenant that were prepared, and are not opened, are over.
    private mutating func dropPreparing(of tenant: String?, _ fits: (PlanName) -> Bool) {
        for plan in plans.filter({ !$0.value.isOpen && $0.key.tenant == tenant && fits($0.key.plan) }).keys {
            plans[plan] = nil
            requests.close(plan.source)?.end(failure: "the plan was dropped")
        }
    }

    private mutating func assign(_ assignment: Assignment, of tenant: String?) -> TraceContext? {
        let key = AssignmentKey(assignment.name.plan, assignment.name.index, of: tenant)
        let open = requests[key.plan.source]
        guard let parent = open?.context ?? ended.last(where: { $0.plan == key.plan })?.context else { return nil }
        assignments.close(key)?.end(failure: "lost")
        let span = tracer.start("assignment", .client, parent: parent)
        span.set("statezero.candidate", assignment.name.index)
        span.set("statezero.rollouts", assignment.n)
        assignments.open(key, span)
        return span.context
    }
}
