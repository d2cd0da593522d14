import Foundation
import Scoring

/// A decision as it is written down: everything that another rule needs to decide again, and no prompt text.
public struct DecisionRow: Hashable, Sendable, Codable {
    /// Names the decision in logs, headers and outcomes.
    public var decisionID: String
    /// Seconds since 1970; `nil` in decisions on a corpus.
    public var time: Double?
    /// The prompt's id, of a corpus.
    public var promptID: String?
    /// SHA-256 of the prompt's text; `nil` where it could not be read.
    public var promptDigest: String?
    /// Estimated tokens of the prompt.
    public var inputTokens: Int
    /// `weighted`, `target` or `cost_aware`.
    public var rule: String
    /// β or the target.
    public var parameter: Double
    /// The model chosen; `nil` when there was none.
    public var model: String?
    /// Why.
    public var reason: RouteDecision.Reason
    /// The model that it was sent to, where it was sent: another one in observe mode and after failures.
    public var sentTo: String?
    /// Expected cost of the model chosen, in US dollars.
    public var cost: Double?
    /// By model, in the fleet's order.
    public var candidates: [Candidate]

    /// A model as it stood.
    public struct Candidate: Hashable, Sendable, Codable {
        /// Its name.
        public var model: String
        /// P(success); `nil` where nothing was predicted.
        public var p: Float?
        /// Lower end of the belief's central 80 %.
        public var pLo: Float?
        /// Upper end of the belief's central 80 %.
        public var pHi: Float?
        /// Concentration of the belief.
        public var kappa: Float?
        /// Rows of history behind it.
        public var rows: Int
        /// Expected cost in US dollars.
        public var cost: Double
        /// Expected cost in units of the fleet.
        public var relativeCost: Double
        /// Its score under cost-aware labels.
        public var costAwareScore: Double?
        /// Why it could not be chosen; `nil` when it could.
        public var excluded: RouteCandidate.Exclusion?

        enum CodingKeys: String, CodingKey {
            case model, p, kappa, rows, cost, excluded
            case pLo = "p_lo"
            case pHi = "p_hi"
            case relativeCost = "relative_cost"
            case costAwareScore = "cost_aware_score"
        }
    }

    enum CodingKeys: String, CodingKey {
        case time, rule, parameter, model, reason, cost, candidates
        case decisionID = "decision_id"
        case promptID = "prompt_id"
        case promptDigest = "prompt_sha256"
        case inputTokens = "input_tokens"
        case sentTo = "sent_to"
    }

    /// Writes a decision down.
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
                // JSON has no word for infinity; a point estimate goes without.
                kappa: candidate.prediction.flatMap { $0.kappa.isFinite ? $0.kappa : nil },
                rows: candidate.historyRows, cost: candidate.cost, relativeCost: candidate.relativeCost,
                costAwareScore: candidate.costAwareScore, excluded: candidate.exclusion)
        }
    }

    /// The candidates as a rule takes them. `nil` where a number is none that a prediction or price can have.
    /// Candidates that were only unlucky in their time (cooling down, at a limit) stay excluded.
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
                    model: index, prediction: prediction, historyRows: candidate.rows, cost: candidate.cost,
                    relativeCost: candidate.relativeCost, costAwareScore: candidate.costAwareScore,
                    exclusion: candidate.excluded))
        }
        return all
    }

    /// One line of JSON, without its end.
    public func line() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // All numbers are finite: costs by the fleet file's checks, predictions by their own.
        return (try? encoder.encode(self)).map(Array.init) ?? []
    }
}
