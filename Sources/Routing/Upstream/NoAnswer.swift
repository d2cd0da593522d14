/// What a client is answered when no endpoint answered: which status, and when to try again.
///
/// 429 means that the request is fine and a limit passes with time. 502 and 503 mean that something is broken.
public enum NoAnswer: Hashable, Sendable {
    /// Every model that could answer is at a limit, or was limited by its endpoint: 429.
    case limited
    /// The spend limit of the key or the router does not allow the request: 429.
    case spent
    /// No model could be tried: 503.
    case unavailable
    /// Models were tried and failed: 502.
    case failed

    /// Decides from what happened: the failures of the models that were tried, and the exclusions of the others.
    public init(failures: [UpstreamFailure.Reason], exclusions: [RouteCandidate.Exclusion]) {
        let couldAnswer = exclusions.filter { ![.promptTooLong, .unsupported].contains($0) }
        let isLimit: (RouteCandidate.Exclusion) -> Bool = { [.atLimit, .rateLimited, .spendLimit].contains($0) }
        if failures.allSatisfy({ $0 == .rateLimited }), couldAnswer.allSatisfy(isLimit),
            !(failures.isEmpty && couldAnswer.isEmpty)
        {
            self = failures.isEmpty && couldAnswer.allSatisfy { $0 == .spendLimit } ? .spent : .limited
        } else {
            self = failures.isEmpty ? .unavailable : .failed
        }
    }
}
