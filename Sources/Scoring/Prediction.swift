/// A model's belief about one prompt: the success probability of one rollout, and how sure it is.
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
    /// What the reader should know about this answer.
    public let flags: Flags

    /// What may be said about an answer beside its numbers.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// One bit a flag, as it stands in an answer record; bits without a name are kept.
        public let rawValue: UInt32
        /// Flags from the bits of an answer record.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The prompt was longer than the encoder reads; its end was not seen.
        public static let truncated = Flags(rawValue: 1)
        /// The context says too little (fewer than 16 rows, or one class only): this is the context's base rate.
        public static let baseRate = Flags(rawValue: 2)
    }

    /// `nil` unless 0 ≤ pLo ≤ p ≤ pHi ≤ 1 and κ > 0; so a NaN never gets past this door.
    public init?(p: Float, kappa: Float, pLo: Float, pHi: Float, flags: Flags = []) {
        guard pLo >= 0, p >= pLo, pHi >= p, pHi <= 1, kappa > 0 else { return nil }
        self.p = p
        self.kappa = kappa
        self.pLo = pLo
        self.pHi = pHi
        self.flags = flags
    }
}
