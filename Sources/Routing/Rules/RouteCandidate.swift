public import Scoring

/// A model of the fleet as it stands for one prompt.
public struct RouteCandidate: Hashable, Sendable {
    /// Index in the fleet's models.
    public let model: Int
    /// What is believed of its success; `nil` when nothing could be predicted.
    public let prediction: Prediction?
    /// Rows of its history behind the prediction.
    public let historyRows: Int
    /// Expected cost of the request, in US dollars.
    public let cost: Double
    /// c̃: the cost in units of the fleet (`Fleet.relativeCost`).
    public let relativeCost: Double
    /// Its score under cost-aware labels; `nil` unless contexts were labelled so.
    public let costAwareScore: Double?
    /// Why it cannot be chosen; `nil` when it can.
    public let exclusion: Exclusion?

    /// Why a model cannot be chosen for a prompt. Raw values stand in logs and answers; they are an interface.
    public enum Exclusion: String, Sendable, Codable, CaseIterable {
        /// Fewer rows of history than the fleet asks for, or a context that says nothing.
        case insufficientEvidence = "insufficient_evidence"
        /// Prompt and answer do not fit its context length.
        case promptTooLong = "prompt_too_long"
        /// It failed a short while ago.
        case coolingDown = "cooling_down"
        /// As many requests are under way, or were begun in this minute, as its limits allow.
        case atLimit = "at_limit"
    }

    /// A model's standing.
    public init(
        model: Int, prediction: Prediction?, historyRows: Int, cost: Double, relativeCost: Double,
        costAwareScore: Double? = nil, exclusion: Exclusion? = nil
    ) {
        self.model = model
        self.prediction = prediction
        self.historyRows = historyRows
        self.cost = cost
        self.relativeCost = relativeCost
        self.costAwareScore = costAwareScore
        self.exclusion = exclusion
    }

    /// P(success); 0 where nothing could be predicted, which is only where the candidate is excluded.
    public var p: Double { prediction.map { Double($0.p) } ?? 0 }
}
