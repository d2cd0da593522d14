import OrderedCollections
import Planning
import Scoring
public import Wire

// Predictions without a plan: one job answers a trainer's request.

/// A request for scores that is not answered yet.
struct ScoreRequest {
    let peer: Peer
    /// The trainer's own number of it.
    let request: UInt64
    let deadline: Instant
    /// Its context, once that is drawn.
    var context: ContextBlock?
    /// What each prediction is based on; empty where only texts are used.
    var evidence: [Evidence] = []
    var predictions: [Prediction?]
    var faults: [RowFault] = []
    var unanswered: Int
    /// Whether the trainer still waits for it.
    var isWanted = true
}

extension PlannerState {
    /// What a job of the planner predicts for.
    public enum PredictionSource: Hashable, Sendable {
        case plan(PlanName, tenant: String?)
        /// A trainer's request for scores, by its own number.
        case scores(Peer, request: UInt64)
    }

    /// What the predictions of a job are for; `nil` where it is another client's, or has ended.
    public func source(of job: JobID) -> PredictionSource? {
        switch predictions.owner(of: job) {
        case .plan(let name)?: .plan(name, tenant: tenant)
        case .scores(let number)?: requests[number].map { .scores($0.peer, request: $0.request) }
        case nil: nil
        }
    }

    mutating func score(
        _ request: RequestScores, for peer: Peer, arrived: Instant, at now: Instant, _ actions: inout [Action]
    ) {
        let subject = RequestRefused.Subject.request(request.request)
        guard requests.count < configuration.requestsMax else {
            let message =
                "\(requests.count) requests are not answered yet, and no more are accepted; try again in a second"
            return send(.requestRefused(RequestRefused(subject, .capacity, message: message)), to: peer, &actions)
        }
        do throws(RequestFault) {
            try request.check()
            try checkReferences(of: request)
        } catch {
            return send(.requestRefused(RequestRefused(subject, .invalid, message: "\(error)")), to: peer, &actions)
        }
        var texts: [String] = []
        for (row, text) in request.texts.texts.enumerated() {
            guard let text else {
                let message = "row \(row) is not UTF-8"
                return send(.requestRefused(RequestRefused(subject, .invalid, message: message)), to: peer, &actions)
            }
            texts.append(text)
        }
        let number = nextRequest()
        requests[number] = ScoreRequest(
            peer: peer, request: request.request, deadline: arrived + request.deadline,
            predictions: Array(repeating: nil, count: texts.count), unanswered: texts.count)
        recordDue(arrived + request.deadline)
        recordUse(of: request.policy.id)
        let draw = ScoreDraw(
            number: number, request: request, texts: texts, history: histories[request.policy.id],
            references: Dictionary(
                uniqueKeysWithValues: request.references.compactMap { id in histories[id].map { (id, $0) } }))
        start(.draw(draw), reading: draw.bytes, keeping: request.texts.bytes.count, at: now, &actions)
    }

    /// Submits the job of a request whose context is drawn.
    mutating func begin(_ drawn: ScoreDraw.Drawn, at now: Instant, _ actions: inout [Action]) {
        // Otherwise its deadline has passed.
        guard requests[drawn.number] != nil else { return }
        requests[drawn.number]?.context = drawn.context
        requests[drawn.number]?.evidence = drawn.evidence
        let job = PredictionQueue.PredictionJob(
            owner: .scores(drawn.number), policy: drawn.policy, context: drawn.context, shards: drawn.shards)
        for message in predictions.begin(job, at: now) { actions.append(.toCoordinator(message)) }
    }

    /// Throws for a reference that has no outcomes here.
    private func checkReferences(of request: RequestScores) throws(RequestFault) {
        for (place, id) in request.references.enumerated() where histories[id]?.outcomes.isEmpty != false {
            throw RequestFault(
                "references[\(place)]",
                "references[\(place)] is \"\(id)\", of which no outcomes are kept here; report them first, or correct the id"
            )
        }
    }

    mutating func receive(
        _ answers: AnswerBlock, _ faults: [RowFault], rows: [Int], ofRequest number: UInt64,
        _ actions: inout [Action]
    ) {
        guard requests[number] != nil else { return }
        for (place, row) in rows.enumerated() { requests[number]?.predictions[row] = answers[place] }
        for fault in faults {
            requests[number]?.faults.append(
                RowFault(row: UInt32(rows[Int(fault.row)]), code: fault.code, message: fault.message))
        }
        requests[number]?.unanswered -= rows.count
        guard let request = requests[number], request.unanswered == 0, let model = predictions.model,
            let context = request.context
        else { return }
        requests[number] = nil
        guard request.isWanted else { return }
        let scores = Scores(
            request: request.request, context: context.digest, contextRows: context.count, fingerprint: model,
            answers: AnswerBlock(request.predictions), faults: request.faults.sorted { $0.row < $1.row },
            evidence: request.evidence)
        send(.scores(scores), to: request.peer, &actions)
    }

    /// A request's deadline has passed.
    mutating func end(request number: UInt64, _ actions: inout [Action]) {
        let message =
            predictions.model == nil
            ? "no worker with a model has joined" : "predictions did not arrive in time"
        fail(request: number, .deadline, "\(message); ask again", &actions)
    }

    mutating func fail(
        request number: UInt64, _ reason: RequestRefused.Reason, _ message: String, _ actions: inout [Action]
    ) {
        guard let request = requests.removeValue(forKey: number) else { return }
        for reply in predictions.cancel(.scores(number)) { actions.append(.toCoordinator(reply)) }
        guard request.isWanted else { return }
        send(
            .requestRefused(RequestRefused(.request(request.request), reason, message: message)), to: request.peer,
            &actions)
    }
}
