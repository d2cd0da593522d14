public import ReferenceDraws

/// A source of predictions: a head, a baseline that a head must beat, or an oracle.
public struct Predictor: Hashable, Sendable {
    /// Kinds of predictors.
    public enum Kind: String, Codable, Sendable {
        /// A value model.
        case head
        /// A simple method that uses the same data as a head.
        case baseline
        /// A method that knows more than a head: outcomes on the very prompts that are predicted.
        case oracle
    }

    /// Name in the report.
    public let name: String
    /// Its kind.
    public let kind: Kind
    /// Name of the head without references.
    public let head: String
    /// The references that the head was given; `none` for others than heads.
    public let references: ReferenceArm

    /// Names a predictor without references.
    init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
        head = name
        references = .none
    }

    /// A head under an arm: `compact` without references, `compact, others:3` with three, and with `on 30 %` where only
    /// that share of prompts has their outcomes.
    init(head: String, references: ReferenceArm, coverage: Double) {
        let part = coverage < 1 ? " on \(Int((coverage * 100).rounded())) %" : ""
        name = references == .none ? head : "\(head), \(references)\(part)"
        kind = .head
        self.head = head
        self.references = references
    }

    /// Name of the head that other predictors are compared with, if it is among the heads.
    public static let reference = "gaussian-process"
    /// Mean reward of the ten context rows with the nearest embeddings by cosine.
    public static let knn10 = Predictor(name: "knn10", kind: .baseline)
    /// `LogisticRegression` on embedding and surface features.
    public static let logistic = Predictor(name: "logistic", kind: .baseline)
    /// The prompt's length in bytes, with the sign of its correlation with the reward in the context. Only a ranking.
    public static let length = Predictor(name: "length", kind: .baseline)
    /// The context's mean reward for every query.
    public static let constant = Predictor(name: "constant", kind: .baseline)
    /// The mean reward of the source's other policies on the same prompt. Only a ranking, and only if there are any.
    public static let otherPolicies = Predictor(name: "other-policies", kind: .oracle)

    /// Names that a head cannot have.
    public static let reserved: Set<String> = Set(
        [knn10, logistic, length, constant, otherPolicies].map(\.name))
}
