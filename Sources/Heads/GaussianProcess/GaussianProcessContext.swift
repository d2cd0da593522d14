public import Scoring

/// A context set as the Gaussian-process head has fitted it.
public struct GaussianProcessContext: PreparedContext, Sendable {
    /// The context set it was made of.
    public let contextDigest: Digest
    /// What predictions are computed from.
    let fit: Fit
    /// The encoder's columns; the surface features follow them.
    let embeddingColumns: Int
    /// P(success) of any prompt: the smoothed mean reward.
    public let baseRate: Double
    /// Concentration κ of beliefs under this context.
    public let concentration: Double

    /// Whether the context is too small or has equal rewards only: every prediction is then its base rate.
    public var isBaseRate: Bool {
        if case .baseRate = fit { return true }
        return false
    }

    /// What predictions rest on.
    public let evidence: PredictionEvidence?

    enum Fit: Sendable {
        case baseRate
        case regression(GaussianProcessRegression)
        /// With references or covariates.
        case sideRegression(GaussianProcessSideRegression)
    }
}
