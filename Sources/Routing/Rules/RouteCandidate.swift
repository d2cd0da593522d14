public import Scoring

/// A model of the fleet as a candidate for one prompt.
public struct RouteCandidate: Hashable, Sendable {
    /// Index in the fleet's models.
    public let model: Int
    /// Prediction of its success; `nil` if nothing could be predicted.
    public let prediction: Prediction?
    /// Rows of its history behind the prediction.
    public let historyRows: Int
    /// Other policies that have an outcome on this very prompt; `nil` where no references are used.
    public let references: Int?
    /// Expected cost of the request, in US dollars.
    public let cost: Double
    /// c̃: the cost in the fleet's unit (`Fleet.relativeCost`).
    public let relativeCost: Double
    /// Score under cost-aware labels; `nil` unless contexts have such labels.
    public let costAwareScore: Double?
    /// Why it cannot be chosen; `nil` if it can.
    public let exclusion: Exclusion?

    /// Why a model cannot be chosen for a prompt. Raw values appear in logs and answers, so they never change.
    public enum Exclusion: String, Sendable, Codable, CaseIterable {
        /// It has fewer rows of history than the fleet requires, or a context without information.
        case insufficientEvidence = "insufficient_evidence"
        /// Prompt and answer exceed its context length.
        case promptTooLong = "prompt_too_long"
        /// It does not accept something that the request has: images, tools and so on.
        case unsupported
        /// Requests failed a short while ago, or it asked for a pause.
        case coolingDown = "cooling_down"
        /// Its limit on concurrent requests or on requests per minute is reached.
        case atLimit = "at_limit"
        /// Its endpoint answered 429 and is left alone for as long as it asked.
        case rateLimited = "rate_limited"
        /// It would cost more than the client, or the router, may still spend today.
        case spendLimit = "spend_limit"
    }

    /// A candidate.
    public init(
        model: Int, prediction: Prediction?, historyRows: Int, references: Int? = nil, cost: Double,
        relativeCost: Double, costAwareScore: Double? = nil, exclusion: Exclusion? = nil
    ) {
        self.model = model
        self.prediction = prediction
        self.historyRows = historyRows
        self.references = references
        self.cost = cost
        self.relativeCost = relativeCost
        self.costAwareScore = costAwareScore
        self.exclusion = exclusion
    }

    /// P(success); 0 if nothing could be predicted, in which case the candidate is excluded.
    public var p: Double { prediction.map { Double($0.p) } ?? 0 }

    /// The lower end of the belief's central 80 %: p is above it with a probability of 90 %. 0 like `p`.
    public var pLow: Double { prediction.map { Double($0.pLo) } ?? 0 }
}
