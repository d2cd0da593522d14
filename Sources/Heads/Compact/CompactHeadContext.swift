public import Scoring

/// A context set as the compact head has fitted it.
public struct CompactHeadContext: PreparedContext, Sendable {
    /// The context set it was made of.
    public let contextDigest: Digest
    /// N.
    public let rows: Int
    /// ℓ, log-odds under this policy of a prompt of difficulty 0.
    package let level: Double
    /// By setting of the regression.
    package let odds: [Double]
    /// By row: its log-odds by the regression, its own reward left out.
    package let leftOut: [Double]
    /// `(N, 7)` of the difficulty network.
    package let columns: [Double]
    /// a, by column of references, where the log-odds are linearised.
    package let slopes: SIMD2<Double>
    /// By covariate: what its kernel is multiplied by.
    package let amplitudes: [Double]
    /// By row: the columns of references; empty without any.
    package let referenceColumns: [SIMD2<Double>]
    /// What predictions rest on.
    public let evidence: PredictionEvidence?
    /// Concentration κ of beliefs under this context.
    public let concentration: Double

    let surface: CompactHeadSurface
    let regression: CompactHeadRegression
    let calibration: CompactHeadCalibration
}

/// Every intermediate result for the queries of one call; the goldens compare them.
package struct CompactHeadStages {
    /// `(Q, 30)`: surface features in units of the population's spread.
    package var surface: [Double] = []
    /// `(Q, 7)` of the difficulty network.
    package var columns: [Double] = []
    /// `(Q)`: log-odds by the regression.
    package var logOdds: [Double] = []
    /// `(Q)`: P(success).
    package var probabilities: [Double] = []
}
