/// The one door to a model: what predicts P(success | prompt, context).
///
/// The cut is where the policy enters. `embed` depends on the prompt alone and is the dear part; `prepare` is done once
/// per context; `predict` is cheap. A model belongs to the thread that made it, so nothing here is `Sendable`.
public protocol ValueModel: AnyObject {
    /// Tells whether two workers may share a job.
    var fingerprint: ModelFingerprint { get }

    /// What features depend on beside the text: everything that `embed` uses, and nothing of the head. Models with equal
    /// ones make the same features, so features may be kept under it.
    var encoderFingerprint: ModelFingerprint { get }

    /// Whether features are worth keeping: `false` where embedding a text costs less than looking for it.
    var shouldCacheFeatures: Bool { get }

    /// (P texts) -> (P, F). Depends on text and fingerprint only, never on batch-mates; safe to keep for ever.
    func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix

    /// Fits what the head fits. `features` are those of the context's rows, in order: `(N, F)`.
    /// A context that says too little (one class only, or fewer rows than the head can use) is not an error: predictions
    /// are then its base rate, flagged.
    func prepare(_ context: ContextSet, features: FeatureMatrix) throws(ValueModelError) -> any PreparedContext

    /// (Q, F) -> Q predictions. A query's answer never depends on the other queries in the call.
    func predict(_ queries: FeatureMatrix, in context: any PreparedContext) throws(ValueModelError) -> [Prediction]

    /// From now on, `listener` is called from inside the verbs after every step of at most a few seconds. A worker's
    /// lease lives on it, so it must come from the computation itself and never from a timer. It may come on any thread.
    func tellProgress(to listener: @escaping @Sendable () -> Void)
}

extension ValueModel {
    /// The whole model's: right for every model, and of no use to another head.
    public var encoderFingerprint: ModelFingerprint { fingerprint }

    /// `true`, as for every model that reads a text.
    public var shouldCacheFeatures: Bool { true }

    /// Nothing: right for a model whose verbs take a second or two at most.
    public func tellProgress(to listener: @escaping @Sendable () -> Void) {}
}

/// A context that a model has fitted; of use to that model only.
public protocol PreparedContext {
    /// The context set it was made of.
    var contextDigest: Digest { get }
}

/// What a model refuses.
public enum ValueModelError: Error, Equatable, CustomStringConvertible {
    /// Features of another width than the model makes.
    case widthMismatch(expected: Int, found: Int)
    /// As many feature rows as context rows are needed.
    case rowsMismatch(expected: Int, found: Int)
    /// The prepared context was made by another kind of model.
    case foreignContext(Digest)
    /// A value that is not a number, at a row of the call.
    case notFinite(stage: String, row: Int)
    /// A compute library refused a call.
    case kernel(String)
    /// Memory that this machine, or the limit set for the process, has not got. Bytes.
    case doesNotFit(what: String, needed: Int, available: Int, advice: String)

    /// What happened, where and with which values, in words for people.
    public var description: String {
        switch self {
        case .widthMismatch(let expected, let found):
            "features have \(found) columns, this model makes \(expected); they come from another model"
        case .rowsMismatch(let expected, let found):
            "the context has \(expected) rows but \(found) rows of features were given"
        case .foreignContext(let digest):
            "context \(digest.short) was prepared by another model; prepare it again with this one"
        case .notFinite(let stage, let row):
            "\(stage) gave a value that is not a number at row \(row); the weights may be damaged, try `statezero model inspect`"
        case .kernel(let message):
            "the compute library refused: \(message)"
        case .doesNotFit(let what, let needed, let available, let advice):
            "\(what) needs \(ByteCount(needed)), \(ByteCount(available)) are available; \(advice)"
        }
    }
}
