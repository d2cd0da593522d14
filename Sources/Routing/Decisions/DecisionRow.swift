public import Corpora
import Foundation
import JSON
import Scoring

/// A decision as logged: everything that another rule needs to decide again, without prompt texts.
public struct DecisionRow: Hashable, Sendable, Codable {
    /// Id of the decision in logs, headers and outcomes.
    public var decisionID: String
    /// Seconds since 1970; `nil` for decisions on a corpus.
    public var time: Double?
    /// The prompt's id; only for decisions on a corpus.
    public var promptID: String?
    /// SHA-256 of the prompt's text; `nil` where it could not be read.
    public var promptDigest: String?
    /// Estimated number of tokens of the prompt.
    public var inputTokens: Int
    /// `weighted`, `target` or `cost_aware`.
    public var rule: String
    /// β or the target.
    public var parameter: Double
    /// The chosen model; `nil` if there was none.
    public var model: String?
    /// Why it was chosen.
    public var reason: RouteDecision.Reason
    /// The model that the request was sent to. It differs from `model` in observe mode and after failures.
    public var sentTo: String?
    /// The attempts that were made for the request, in order; `nil` for a decision that was not forwarded.
    public var attempts: [Attempt]?
    /// The client, by its name in the fleet file.
    public var client: String?
    /// The beginning of the SHA-256 of the session's id.
    public var session: String?
    /// What the request needs beside text.
    public var needs: [ChatNeed]?
    /// Expected cost of the chosen model, in US dollars.
    public var cost: Double?
    /// The models, in the fleet's order.
    public var candidates: [Candidate]

    /// One request to an endpoint.
    public struct Attempt: Hashable, Sendable, Codable {
        /// Name of the model.
        public var model: String
        /// `begun` for an answer that was passed on, otherwise the reason of the failure.
        public var result: String
        /// What happened, for people.
        public var detail: String?
        /// Time until then.
        public var ms: Int

        /// An attempt.
        public init(model: String, result: String, detail: String? = nil, ms: Int) {
            self.model = model
            self.result = result
            self.detail = detail
            self.ms = ms
        }
    }

    /// A model at the time of the decision.
    public struct Candidate: Hashable, Sendable, Codable {
        /// Its name.
        public var model: String
        /// P(success); `nil` if nothing was predicted.
        public var p: Float?
        /// Lower end of the belief's central 80 %.
        public var pLo: Float?
        /// Upper end of the belief's central 80 %.
        public var pHi: Float?
        /// Concentration of the belief.
        public var kappa: Float?
        /// Rows of history behind the prediction.
        public var rows: Int
        /// Other policies with an outcome on the prompt; `nil` where no references are used.
        public var references: Int?
        /// Expected cost in US dollars.
        public var cost: Double
        /// Expected cost in the fleet's unit of cost.
        public var relativeCost: Double
        /// Score under cost-aware labels.
        public var costAwareScore: Double?
        /// Why it could not be chosen; `nil` if it could.
        public var excluded: RouteCandidate.Exclusion?

        enum CodingKeys: String, CodingKey {
            case model, p, kappa, rows, references, cost, excluded
            case pLo = "p_lo"
            case pHi = "p_hi"
            case relativeCost = "relative_cost"
            case costAwareScore = "cost_aware_score"
        }
    }

    enum CodingKeys: String, CodingKey {
        case time, rule, parameter, model, reason, cost, candidates, attempts, client, session, needs
        case decisionID = "decision_id"
        case promptID = "prompt_id"
        case promptDigest = "prompt_sha256"
        case inputTokens = "input_tokens"
        case sentTo = "sent_to"
    }

    /// Records a decision.
    public init(
        id: String, promptID: String? = nil, promptDigest: String?, inputTokens: Int, rule: RouteRule,
        decision: RouteDecision, candidates: [RouteCandidate], fleet: Fleet
    ) {
        decisionID = id
        self.promptID = promptID
        self.promptDigest = promptDigest
        self.inputTokens = inputTokens
        self.rule = rule.name
        parameter = rule.parameter
        model = decision.model.map { fleet.models[$0].name }
        reason = decision.reason
        cost = decision.model.flatMap { chosen in candidates.first { $0.model == chosen }?.cost }
        self.candidates = candidates.map { candidate in
            Candidate(
                model: fleet.models[candidate.model].name, p: candidate.prediction?.p, pLo: candidate.prediction?.pLo,
                pHi: candidate.prediction?.pHi,
                // JSON has no infinity, so a point estimate has no kappa.
                kappa: candidate.prediction.flatMap { $0.kappa.isFinite ? $0.kappa : nil },
                rows: candidate.historyRows, references: candidate.references, cost: candidate.cost,
                relativeCost: candidate.relativeCost, costAwareScore: candidate.costAwareScore,
                excluded: candidate.exclusion)
        }
    }

    /// The candidates as input of a rule; `nil` if a number is not valid for a prediction or price.
    /// Candidates that were excluded only at that time (cooling down, at a limit) stay excluded.
    public var asCandidates: [RouteCandidate]? {
        var all: [RouteCandidate] = []
        for (index, candidate) in candidates.enumerated() {
            guard candidate.cost >= 0, candidate.relativeCost >= 0 else { return nil }
            var prediction: Prediction?
            if let p = candidate.p {
                prediction = Prediction(
                    p: p, kappa: candidate.kappa ?? .infinity, pLo: candidate.pLo ?? p, pHi: candidate.pHi ?? p)
                if prediction == nil { return nil }
            }
            all.append(
                RouteCandidate(
                    model: index, prediction: prediction, historyRows: candidate.rows,
                    references: candidate.references, cost: candidate.cost, relativeCost: candidate.relativeCost,
                    costAwareScore: candidate.costAwareScore, exclusion: candidate.excluded))
        }
        return all
    }

    /// One line of JSON, without a line break.
    public func line() -> [UInt8] {
        // Encoding cannot fail: the checks of fleet files and predictions ensure finite numbers.
        (try? JSONEncoder.line.encode(self)).map(Array.init) ?? []
    }
}
