/// A model's belief about one prompt: the success probability of one rollout, and how certain it is.
///
/// The belief is Beta(mean·κ, (1 − mean)·κ); planning on the mean alone can lose to uniform budgets.
public struct Prediction: Hashable, Sendable {
    /// P(success | prompt, context), in [0, 1].
    public let p: Float
    /// Concentration κ = a + b of the belief, above 0. Infinity is a point estimate.
    public let kappa: Float
    /// Lower end of the belief's central 80 % interval.
    public let pLo: Float
    /// Upper end of the belief's central 80 % interval.
    public let pHi: Float
    /// Warnings about this prediction.
    public let flags: Flags

    /// Warnings about a prediction, one bit each.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The bits, as they are in an answer record; bits without a name are kept.
        public let rawValue: UInt32
        /// Flags from the bits of an answer record.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The prompt was longer than the encoder reads; its end was not seen.
        public static let truncated = Flags(rawValue: 1)
        /// The context has too little information (fewer than 16 rows, or one class only): this is its base rate.
        public static let baseRate = Flags(rawValue: 2)
    }

    /// `nil` unless 0 ≤ pLo ≤ p ≤ pHi ≤ 1 and κ > 0; so no prediction holds a NaN.
    public init?(p: Float, kappa: Float, pLo: Float, pHi: Float, flags: Flags = []) {
        guard pLo >= 0, p >= pLo, pHi >= p, pHi <= 1, kappa > 0 else { return nil }
        self.p = p
        self.kappa = kappa
        self.pLo = pLo
        self.pHi = pHi
        self.flags = flags
    }
}
