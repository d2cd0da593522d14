/// A model that predicts P(success | prompt, context): the only interface of models that workers, router and evaluation
/// use.
///
/// It is cut where the policy enters. `embed` depends on the prompt alone and is the expensive part; `prepare` runs
/// once per context; `predict` is cheap. A model belongs to the thread that made it, so nothing here is `Sendable`.
public protocol ValueModel: AnyObject {
    /// Two workers may share a job if their fingerprints are equal.
    var fingerprint: ModelFingerprint { get }

    /// Identifies what features depend on beside the text: everything that `embed` uses, and nothing of the head.
    /// Models with equal encoder fingerprints make the same features, so features may be stored under it.
    var encoderFingerprint: ModelFingerprint { get }

    /// Whether features are worth storing: `false` where embedding a text costs less than a look-up.
    var shouldCacheFeatures: Bool { get }

    /// Texts that a caller with many gives to one call of `embed`, so that progress shows and features are stored in time.
    var rowsPerCall: Int { get }

    /// (P texts) -> (P, F). Depends on text and fingerprint only, never on other texts of the call; may be kept for
    /// ever.
    func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix

    /// Fits what the head fits. `features` are those of `context.texts`, in order: `(N + pool, F)`.
    /// A context with too little information (one class only, or fewer rows than the head can use) is not an error:
    /// predictions are then its base rate, flagged.
    func prepare(_ context: ContextSet, features: FeatureMatrix) throws(ValueModelError) -> any PreparedContext

    /// Q queries -> Q predictions. A query's answer never depends on the other queries in the call.
    func predict(_ queries: QuerySet, in context: any PreparedContext) throws(ValueModelError) -> [Prediction]

    /// How each text is read: tokens, unknown ones, whether its end is cut; `nil` if the model does not know. Cost: the
    /// tokenizer's.
    func measure(_ texts: [String]) -> [TextMeasure]?

    /// From now on, `listener` is called by the methods above after every step of at most a few seconds, on any thread.
    /// It renews a worker's lease, so it must be called by the computation itself and never by a timer.
    func tellProgress(to listener: @escaping @Sendable () -> Void)
}

extension ValueModel {
    /// That of the whole model: correct for every model, but no other head can share its features.
    public var encoderFingerprint: ModelFingerprint { fingerprint }

    /// `true`, as for every model that reads a text.
    public var shouldCacheFeatures: Bool { true }

    /// `nil`: not known.
    public func measure(_ texts: [String]) -> [TextMeasure]? { nil }

    /// 64: about 0.3 s with the default model on one core.
    public var rowsPerCall: Int { 64 }

    /// Does nothing: correct for a model whose methods return within two seconds.
    public func tellProgress(to listener: @escaping @Sendable () -> Void) {}
}

/// A context that a model has fitted; only that model can use it.
public protocol PreparedContext {
    /// The context set it was made of.
    var contextDigest: Digest { get }

    /// What predictions under this context rest on; `nil` from a model that does not say.
    var evidence: PredictionEvidence? { get }
}

extension PreparedContext {
    /// `nil`: the model does not say.
    public var evidence: PredictionEvidence? { nil }
}

/// Why a model cannot answer.
public enum ValueModelError: Error, Equatable, CustomStringConvertible {
    /// Features of another width than the model makes.
    case widthMismatch(expected: Int, found: Int)
    /// As many feature rows as context rows are needed.
    case rowsMismatch(expected: Int, found: Int)
    /// The head reads texts only, and the context has references or covariates.
    case sideInformationUnsupported(head: String)
    /// The prepared context was made by another kind of model.
    case foreignContext(Digest)
    /// A value is not finite, at a row of the call.
    case notFinite(stage: String, row: Int)
    /// The encoder has no features for the text at a row of the call, and would have none if asked again.
    case refusedText(row: Int, reason: String)
    /// What the model needs does not answer, as a server; the same call may succeed later or elsewhere.
    case unavailable(String)
    /// A compute library refused a call.
    case kernel(String)
    /// The memory needed is more than this machine, or the limit of the process, has. In bytes.
    case doesNotFit(what: String, needed: Int, available: Int, advice: String)

    /// What happened, where and with which values, for people.
    public var description: String {
        switch self {
        case .widthMismatch(let expected, let found):
            "features have \(found) columns, this model makes \(expected); another model made them"
        case .rowsMismatch(let expected, let found):
            "the context has \(expected) texts but \(found) rows of features were given"
        case .sideInformationUnsupported(let head):
            "the head \(head) cannot use references or covariates; leave them out, or choose --head compact"
        case .foreignContext(let digest):
            "context \(digest.short) was prepared by another model; prepare it again with this one"
        case .notFinite(let stage, let row):
            "\(stage) gave a value that is not a number at row \(row); the weights may be damaged, try `statezero model inspect`"
        case .refusedText(let row, let reason):
            "text \(row) was refused: \(reason)"
        case .unavailable(let reason): reason
        case .kernel(let message):
            "the compute library refused: \(message)"
        case .doesNotFit(let what, let needed, let available, let advice):
            "\(what) needs \(ByteCount(needed)), \(ByteCount(available)) are available; \(advice)"
        }
    }
}
