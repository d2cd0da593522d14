import OrderedCollections
import Planning
import Scoring
import Wire

// Predictions without a plan: one job answers a trainer's request.

/// A request for scores that is not answered yet.
struct ScoreRequest {
    let peer: Peer
    /// The trainer's own number of it.
    let request: UInt64
    let deadline: Instant
    let context: Digest
    let contextRows: Int
    /// What each prediction is based on; empty where only texts are used.
    let evidence: [Evidence]
    var predictions: [Prediction?]
    var faults: [RowFault] = []
    var unanswered: Int
    /// Whether the trainer still waits for it.
    var isWanted = true
}

extension PlannerState {
    mutating func score(_ request: RequestScores, for peer: Peer, at now: Instant, _ actions: inout [Action]) {
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
        var texts: [(row: Int, text: String)] = []
        for (row, text) in request.texts.texts.enumerated() {
            guard let text else {
                let message = "row \(row) is not UTF-8"
                return send(.requestRefused(RequestRefused(subject, .invalid, message: message)), to: peer, &actions)
            }
            texts.append((row, text))
        }
        let known = knownContext(for: request, texts: texts.map(\.text))
        let number = nextRequest()
        requests[number] = ScoreRequest(
            peer: peer, request: request.request, deadline: now + request.deadline, context: known.block.digest,
            contextRows: known.block.count, evidence: known.evidence,
            predictions: Array(repeating: nil, count: texts.count), unanswered: texts.count)
        let side = known.schema.map { (rows: known.side, schema: $0) }
        let job = PredictionQueue.PredictionJob(
            owner: .scores(number), policy: request.policy, context: known.block,
            shards: PredictionQueue.shards(texts, side: side))
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

    /// The context of a request for scores, and what is known about its queries.
    private struct KnownContext {
        let block: ContextBlock
        /// `nil` where only texts are used.
        var schema: SideSchema?
        var side: [SideInformation] = []
        var evidence: [Evidence] = []
    }

    /// The request's context, or one from the policy's history, with side information if the request names some.
    private func knownContext(for request: RequestScores, texts: [String]) -> KnownContext {
        let version = request.policy.version ?? histories[request.policy.id]?.latestVersion ?? 0
        guard request.usesSide else {
            return KnownContext(block: request.context ?? ContextBlock(drawnContext(for: request, texts: texts)))
        }
        // A context that came with the request was read from texts and outcomes, and can be read again.
        let rows = request.context.map { $0.contextSet?.rows ?? [] } ?? drawnContext(for: request, texts: texts).rows
        let named = texts + (request.context == nil ? [] : rows.map(\.text))
        let prompts = named.enumerated().map { row, text in
            let facts = request.facts(at: row)
            return PlanCandidate(
                promptID: "", text: text, covariates: facts.covariates, references: facts.references)
        }
        let question = PlanSide.Question(
            policyID: request.policy.id, version: version, references: request.references, prompts: prompts)
        let known = PlanSide(question, after: keptCandidates(of: request.policy.id)) { histories[$0] }
        guard let known else {
            return KnownContext(block: request.context ?? ContextBlock(drawnContext(for: request, texts: texts)))
        }
        let history = request.context == nil ? histories[request.policy.id] : nil
        let joined = known.context(
            rows.map { ($0, history?.version(of: $0.text) ?? version) }, queries: texts, at: version)
        return KnownContext(
            block: ContextBlock(joined.context), schema: known.schema, side: joined.queries,
            evidence: joined.queries.map { known.evidence($0, contextRows: rows.count, hasOwn: false) })
    }

    /// A context from the policy's history, without the queries' own outcomes unless the request allows them.
    private func drawnContext(for request: RequestScores, texts: [String]) -> ContextSet {
        let queries = Set(texts)
        let history = histories[request.policy.id]
        let version = request.policy.version ?? history?.latestVersion ?? 0
        let rows =
            history?.rows(at: version) { !request.choice.includesOwn && queries.contains($0) } ?? []
        return Self.context(request.choice, of: rows, salt: "\(request.policy)")
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
        guard let request = requests[number], request.unanswered == 0, let model = predictions.model else { return }
        requests[number] = nil
        guard request.isWanted else { return }
        let scores = Scores(
            request: request.request, context: request.context, contextRows: request.contextRows, fingerprint: model,
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
