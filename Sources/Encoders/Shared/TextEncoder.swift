package import Kernels
package import ModelFiles
package import Scoring

/// Turns texts into features: a tokenizer, a network and what follows it. The first half of a value model.
///
/// A new family of encoders conforms to this and gets a case in `ModelConfiguration`. The name is not `Encoder`, because
/// Swift's library has a protocol of that name. Belongs to the thread that made it.
package protocol TextEncoder: AnyObject {
    /// What is known of it without a text.
    var facts: EncoderFacts { get }

    /// (P texts) to `(P, E)`. A text's features never depend on the other texts of the call.
    ///
    /// Throws `notFinite` with the text's index, and `kernel` when the compute library refuses; an encoder behind a
    /// network also `refusedText` and `unavailable`.
    func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix

    /// How each text is read; `nil` if that is not known, as of an encoder elsewhere. Cost: the tokenizer's.
    func measure(_ texts: [String]) -> [TextMeasure]?

    /// From now on, `listener` is called from inside `encode` after every step of a few seconds, on any thread.
    func onProgress(_ listener: @escaping @Sendable () -> Void)
}

extension TextEncoder {
    /// `nil`: not known.
    package func measure(_ texts: [String]) -> [TextMeasure]? { nil }

    /// Does nothing: right for encoders whose calls take a second or two at most.
    package func onProgress(_ listener: @escaping @Sendable () -> Void) {}
}

/// What an encoder says of itself.
package struct EncoderFacts: Sendable, Equatable {
    /// For people: the model's name, or that of its folder.
    package var name: String
    /// Everything that may change the last bit of a feature: a digest of all files that are read, and the arithmetic.
    /// Neither the number of threads nor the batch is in it, because neither changes a bit. Fingerprints are made of it.
    package var identity: String
    /// E, columns of the features.
    package var width: Int
    /// In which numbers its products multiply.
    package var precision: Precision
    /// Where its packed weights are; `nil` for an encoder without any.
    package var packedWeights: PackedWeightsOrigin?
    /// Whether features are worth storing: `false` where making them costs less than a look-up.
    package var shouldCacheFeatures: Bool
    /// Texts that a caller with many gives to one call of `encode`.
    package var rowsPerCall: Int
    /// Tokens of a text that are read at once; a longer text is read in several windows. `nil` without windows.
    package var windowTokens: Int?

    /// Lists the facts.
    package init(
        name: String, identity: String, width: Int, precision: Precision = .float32,
        packedWeights: PackedWeightsOrigin? = nil, shouldCacheFeatures: Bool = true, rowsPerCall: Int = 64,
        windowTokens: Int? = nil
    ) {
        self.name = name
        self.identity = identity
        self.width = width
        self.precision = precision
        self.packedWeights = packedWeights
        self.shouldCacheFeatures = shouldCacheFeatures
        self.rowsPerCall = rowsPerCall
        self.windowTokens = windowTokens
    }
}
