public import Scoring

/// A model with its name in the report. Models that are evaluated together must compute the same features of a text:
/// the first one embeds for all.
public struct EvaluatedHead {
    /// Name in the report; unique, and none of `Predictor.reserved`.
    public let name: String
    /// The model; used on the thread that made it.
    public let model: any ValueModel

    /// Names a model.
    public init(name: String, model: any ValueModel) {
        self.name = name
        self.model = model
    }
}
