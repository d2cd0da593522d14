import Foundation
import HTTPServing
import HTTPTypes
import Routing
import Scoring
import Synchronization

// `POST /v1/outcomes`: checks outcomes, stores them, and prepares histories again.

extension RouteService {
    /// One outcome as clients send it: of a decision by its id, or of a prompt and model.
    struct OutcomeBody: Decodable {
        let eventID: String
        let decisionID: String?
        let model: String?
        let prompt: String?
        let reward: Double?
        let n: Int?
        let k: Int?

        enum CodingKeys: String, CodingKey {
            case model, prompt, reward, n, k
            case eventID = "event_id"
            case decisionID = "decision_id"
        }
    }

    private struct OutcomesBody: Decodable {
        let outcomes: [OutcomeBody]
    }

    /// The answer to a batch.
    struct OutcomesAnswer: Encodable {
        struct Rejection: Encodable {
            let event_id: String
            let code: String
            let message: String
        }
        let accepted: Int
        let duplicates: Int
        let rejected: [Rejection]
    }

    private static let unknownDecision = "unknown_decision"
    /// Outcomes in one request.
    static let outcomesMax = 1000
    /// New outcomes after which a history is prepared again; at once while there are few.
    private static let prepareAfter = 16

    /// Stores outcomes, and prepares the history of a model with enough new ones again. Each outcome is accepted, a duplicate,
    /// or rejected.
    func record(_ body: [UInt8]) async throws -> OutcomesAnswer {
        let batch: OutcomesBody
        do {
            batch = try JSONDecoder().decode(OutcomesBody.self, from: Data(body))
        } catch {
            throw HTTPFailure(
                .badRequest, "bad_json",
                "expected {\"outcomes\": [{event_id, decision_id or model and prompt, reward}]}")
        }
        guard batch.outcomes.count <= Self.outcomesMax else {
            throw HTTPFailure(
                .contentTooLarge, "too_many_outcomes",
                "\(batch.outcomes.count) outcomes; at most \(Self.outcomesMax) at once")
        }
        var events: [OutcomeStore.Event] = []
        var rejected: [OutcomesAnswer.Rejection] = []
        for outcome in batch.outcomes {
            switch check(outcome) {
            case .success(let event): events.append(event)
            case .failure(let problem):
                rejected.append(.init(event_id: outcome.eventID, code: problem.code, message: problem.message))
            }
        }
        // An outcome that was accepted while its decision was kept stays a duplicate.
        let dropped = rejected.filter { $0.code == Self.unknownDecision }.map(\.event_id)
        let known = try await store.known(dropped)
        rejected.removeAll { $0.code == Self.unknownDecision && known.contains($0.event_id) }
        let repeated = dropped.count { known.contains($0) }
        let fresh = try await store.record(events)
        let accepted = fresh.count { $0 }
        metrics.outcomes("accepted", accepted)
        metrics.outcomes("duplicate", fresh.count - accepted + repeated)
        metrics.outcomes("rejected", rejected.count)
        activity.withLock { $0.reported(accepted: accepted, rejected: rejected.count) }
        for (event, isNew) in zip(events, fresh) where isNew {
            guard let index = fleet.index(of: event.model) else { continue }
            unprepared.withLock { $0[index] += 1 }
            if let pair = event.pair { watch.withLock { $0.add(pair, of: index) } }
        }
        prepareWhereDue()
        return OutcomesAnswer(accepted: accepted, duplicates: fresh.count - accepted + repeated, rejected: rejected)
    }

    /// A model's history: the rows of its files, then the newest outcomes.
    func history(of index: Int) throws(RouterHTTPError) -> [ContextSet.Row] {
        fileRows[index] + (try store.newest(of: fleet.models[index].name, limit: fleet.historyRows))
    }

    private func prepareWhereDue() {
        let rows = thread.historyRows
        for index in fleet.models.indices {
            let isThin = (index < rows.count ? rows[index] : 0) < 2 * fleet.evidenceRows
            let isDue = unprepared.withLock { $0[index] >= (isThin ? 1 : Self.prepareAfter) }
            // With a store that cannot be read, or a busy thread, the count stays: the next outcome tries again.
            guard isDue, let history = try? history(of: index), thread.prepare(index, rows: history) else { continue }
            unprepared.withLock { $0[index] = 0 }
        }
    }

    private struct Problem: Error {
        let code: String
        let message: String
    }

    private func check(_ outcome: OutcomeBody) -> Result<OutcomeStore.Event, Problem> {
        guard 1...200 ~= outcome.eventID.utf8.count else {
            return .failure(Problem(code: "bad_event_id", message: "an event id has 1 to 200 bytes"))
        }
        let decision = outcome.decisionID.flatMap { recent.find($0) }
        if outcome.decisionID != nil, decision == nil, outcome.prompt == nil {
            return .failure(
                Problem(
                    code: Self.unknownDecision,
                    message: "this decision is not kept any more; give model and prompt"
                ))
        }
        guard let model = outcome.model ?? decision?.model, fleet.index(of: model) != nil else {
            return .failure(Problem(code: "unknown_model", message: "name a model of the fleet"))
        }
        guard let text = outcome.prompt ?? decision?.text, !text.isEmpty else {
            return .failure(
                Problem(code: "missing_prompt", message: "give prompt, or the decision_id of a recent decision"))
        }
        let parsed: Outcome? =
            if let reward = outcome.reward {
                Outcome(reward: reward, n: outcome.n ?? 1)
            } else if let k = outcome.k, let n = outcome.n {
                Outcome(k: k, n: n)
            } else {
                nil
            }
        guard let parsed else {
            return .failure(Problem(code: "bad_reward", message: "give reward in [0, 1], or k of n"))
        }
        var event = OutcomeStore.Event(eventID: outcome.eventID, model: model, text: text, outcome: parsed)
        // An outcome of another model, or of another prompt, says nothing about the decision's prediction.
        if let decision, decision.model == model, decision.text == text, let p = decision.p, let kappa = decision.kappa
        {
            event.pair = CalibrationWatch.Pair(p: Double(p), kappa: Double(kappa), outcome: parsed)
        }
        return .success(event)
    }
}
