public import Scoring

/// A model under a name in the report. Models that are evaluated together must make the same features of a text: the
/// first embeds for all.
public struct EvaluatedHead {
    /// Name in the report; none of `Predictor.reserved`, and unique.
    public let name: String
    /// What prepares contexts and predicts, on the thread that made it.
    public let model: any ValueModel

    /// Names a model.
    public init(name: String, model: any ValueModel) {
        self.name = name
        self.model = model
    }
}

/// What gives each query a number: a head, a baseline that a head must beat, or an oracle.
public struct Predictor: Hashable, Sendable {
    /// How it comes to its numbers.
    public enum Kind: String, Codable, Sendable {
        /// A value model.
        case head
        /// Something simple that knows what a head knows.
        case baseline
        /// Something that knows more: outcomes on the very prompts that are asked.
        case oracle
    }

    /// Name in the report.
    public let name: String
    /// How it comes to its numbers.
    public let kind: Kind

    /// The predictor against which others are compared where it is among the heads.
    public static let reference = "gaussian-process"
    /// Mean reward of the ten context rows nearest by cosine of the embedding.
    public static let knn10 = Predictor(name: "knn10", kind: .baseline)
    /// `LogisticRegression` on embedding and surface features.
    public static let logistic = Predictor(name: "logistic", kind: .baseline)
    /// The prompt's length in bytes, with the sign of its correlation with the reward in the context. Ranks only.
    public static let length = Predictor(name: "length", kind: .baseline)
    /// The context's mean reward for every query.
    public static let constant = Predictor(name: "constant", kind: .baseline)
    /// The mean reward of other policies of the source on the same prompt. Ranks only, and where there are any.
    public static let otherPolicies = Predictor(name: "other-policies", kind: .oracle)

    /// Names that a head cannot have.
    public static let reserved: Set<String> = Set(
        [knn10, logistic, length, constant, otherPolicies].map(\.name))
}

/// What a predictor says of one context's queries.
struct Answer {
    let predictor: Predictor
    /// By query: higher is likelier to succeed; `nil` where it has nothing to say.
    let ranking: [Double?]
    /// Whether the ranking is a probability.
    let isProbability: Bool
    /// By query, for a predictor with beliefs.
    let kappas: [Double]?

    /// Probabilities of all queries, with their concentrations if there are any.
    init(_ predictor: Predictor, probabilities: [Double], kappas: [Double]? = nil) {
        self.predictor = predictor
        ranking = probabilities
        isProbability = true
        self.kappas = kappas
    }

    /// A ranking of some queries.
    init(_ predictor: Predictor, ranking: [Double?]) {
        self.predictor = predictor
        self.ranking = ranking
        isProbability = false
        kappas = nil
    }
}
