package import Scoring

/// Predicts a policy's success from a context set: the second half of a value model. A policy is known by the context
/// alone; no head is trained for one policy.
///
/// A new head conforms to this and gets a case in `HeadKind`, or an arm of its family in `ModelConfiguration`. Belongs
/// to one thread at a time.
package protocol InContextHead: AnyObject {
    /// A context set as this head has fitted it.
    associatedtype Context: PreparedContext

    /// Short, for a model's name.
    var name: String { get }

    /// Everything that may change an answer, for a model's fingerprint: weights and arithmetic.
    var identity: String { get }

    /// Fits a context. `features` are those of `context.texts`, in order: `(N + pool, F)`.
    ///
    /// A context that says too little is not an error: predictions are then its base rate. Throws `widthMismatch`,
    /// `rowsMismatch`, `notFinite` with the row, `kernel`, `doesNotFit`, and `sideInformationUnsupported` from a head that
    /// reads texts only.
    func prepare(_ context: ContextSet, features: FeatureMatrix) throws(ValueModelError) -> Context

    /// Q queries to Q beliefs. A query's belief never depends on the other queries of the call. Throws as `prepare` does.
    func predict(_ queries: QuerySet, in context: Context) throws(ValueModelError) -> [Prediction]

    /// From now on, `listener` is called from inside `prepare` and `predict` after every step of a few seconds.
    func onProgress(_ listener: @escaping @Sendable () -> Void)
}

extension InContextHead {
    /// Does nothing: right for heads whose calls take a second or two at most.
    package func onProgress(_ listener: @escaping @Sendable () -> Void) {}

    /// The same for a context of unknown origin. Throws `foreignContext` if another kind of head prepared it.
    package func predict(
        _ queries: QuerySet, inAny context: any PreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        guard let own = context as? Context else { throw .foreignContext(context.contextDigest) }
        return try predict(queries, in: own)
    }
}
