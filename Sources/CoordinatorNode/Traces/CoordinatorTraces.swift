import Cluster
import Logging
import Scoring
import Traces
import Wire

/// Spans of the coordinator, from the messages that it receives and sends. Its state machines know nothing of them.
///
/// `job` and `shard` of scoring clients, `queued` and `lent` of pieces, `plan` and `scores` of trainers, `assignment` of
/// rollouts. A restarted coordinator begins new spans: traces are not in the journal.
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
    }

    private let tracer: Tracer
    private var jobs = OpenSpans<JobID>(max: 1024)
    private var shards = OpenSpans<ShardKey>(max: 16_384)
    private var lent = OpenSpans<PieceKey>(max: 16_384)
    private var requests = OpenSpans<PlannerState.PredictionSource>(max: 4096)
    private var assignments = OpenSpans<AssignmentKey>(max: 16_384)
    /// The spans of plans that have ended, for their assignments; newest last.
    private var ended: [(plan: PlanKey, context: TraceContext)] = []

    private static let endedMax = 64

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
        case .closeJob(let job): end(job)
        case .shardResult(let result):
            let span = lent.close(PieceKey(result.piece))
            if !result.faults.isEmpty { span?.set("statezero.row_errors", result.faults.count) }
            span?.end()
        case .shardReturned(let piece, let reason): lent.close(PieceKey(piece))?.end(failure: "returned: \(reason)")
        case .requestPlan(let request):
            let span = tracer.start("plan", .server, parent: trace)
            span.set("statezero.policy", request.plan.policyID)
            span.set("statezero.step", request.plan.step)
            span.set("statezero.prompts", request.candidates.count)
            span.set("statezero.rollouts", request.total)
            requests.open(.plan(request.plan, tenant: peer.tenant), span)
        case .requestScores(let request):
            let span = tracer.start("scores", .server, parent: trace)
            span.set("statezero.policy", request.policy.id)
            span.set("statezero.prompts", request.texts.count)
            requests.open(.scores(peer, request: request.request), span)
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
        case .jobRefused(let job, let reason, _):
            jobs.close(job)?.end(failure: "refused: \(reason)")
        case .planEnd(let plan, let end): finish(plan, of: peer.tenant, end)
        case .scores(let scores): requests.close(.scores(peer, request: scores.request))?.end()
        case .requestRefused(let refused):
            let failure = "refused: \(refused.reason)"
            switch refused.subject {
            case .plan(let plan): requests.close(.plan(plan, tenant: peer.tenant))?.end(failure: failure)
            case .request(let number): requests.close(.scores(peer, request: number))?.end(failure: failure)
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

    /// A client is done with a job, also before its shards are. Nothing is searched for a job that has no span.
    private mutating func end(_ job: JobID) {
        guard let span = jobs.close(job) else { return }
        let failure = "its client closed the job"
        lent.endAll(failure: failure) { $0.job == job }
        shards.endAll(failure: failure) { $0.job == job }
        span.end()
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
        lent.close(PieceKey(piece))?.end(failure: "lost")
        let span = parent.child("lent", .client)
        span.set("statezero.shard", Int(piece.shard))
        span.set("statezero.rows", rows)
        span.set("statezero.attempt", Int(piece.attempt))
        lent.open(PieceKey(piece), span)
        return span.context
    }

    private mutating func finish(_ plan: PlanName, of tenant: String?, _ end: PlanEnd) {
        // A trainer that follows the plan later gets its end again.
        guard let span = requests.close(.plan(plan, tenant: tenant)) else { return }
        span.set("statezero.plan_status", end.status.rawValue)
        span.end()
        ended.append((PlanKey(tenant: tenant, plan: plan), span.context))
        if ended.count > Self.endedMax { ended.removeFirst() }
    }

    private mutating func assign(_ assignment: Assignment, of tenant: String?) -> TraceContext? {
        let key = AssignmentKey(assignment.name.plan, assignment.name.index, of: tenant)
        let open = requests[.plan(assignment.name.plan, tenant: tenant)]
        guard let parent = open?.context ?? ended.last(where: { $0.plan == key.plan })?.context else { return nil }
        assignments.close(key)?.end(failure: "lost")
        let span = tracer.start("assignment", .client, parent: parent)
        span.set("statezero.candidate", assignment.name.index)
        span.set("statezero.rollouts", assignment.n)
        assignments.open(key, span)
        return span.context
    }
}
