/// Which starts of a policy's trainer there were, and from which step each of them went on.
///
/// A trainer that resumes from a checkpoint goes back to an earlier step. What its former start did from that step on is
/// abandoned: plans, groups and outcomes, also those that are reported late. A start has a number, its attempt; a larger
/// one abandons what smaller ones did. A trainer that gives no numbers may go back too, but what it reports late is
/// recognised only where its step or its prompt has no plan.
public struct PolicyAttempts: Hashable, Sendable {
    /// An attempt and its first step.
    public struct Beginning: Hashable, Sendable {
        /// Its number, above 0.
        public let attempt: UInt64
        /// The first step that it planned.
        public var step: Int

        /// An attempt that went on from a step.
        public init(attempt: UInt64, step: Int) {
            self.attempt = attempt
            self.step = step
        }
    }

    /// In the order of attempts, and of steps: a later one that goes back further makes earlier ones needless.
    public private(set) var beginnings: [Beginning]
    /// The step of the latest rewind without a number; `nil` if there was none since the attempt began.
    public private(set) var rewoundTo: Int?
    /// The latest step planned since then; −1 without any.
    private(set) var plannedUpTo = -1

    /// More than these are merged, the oldest first: outcomes of long ended attempts are then refused rather than counted.
    package static let beginningsMax = 64

    /// The starts that a journal has; none for a new policy.
    public init(beginnings: [Beginning] = [], rewoundTo: Int? = nil) {
        self.beginnings = beginnings
        self.rewoundTo = rewoundTo
    }

    /// The present attempt; 0 as long as the trainer gave no number.
    public var current: UInt64 { beginnings.last?.attempt ?? 0 }

    /// Whether there is nothing to remember.
    var isEmpty: Bool { beginnings.isEmpty && rewoundTo == nil }

    /// A later attempt goes on from a step; with the present attempt, or with 0, the trainer goes back within it.
    package mutating func begin(_ attempt: UInt64, at step: Int) {
        plannedUpTo = -1
        guard attempt > current else {
            rewoundTo = step
            return
        }
        rewoundTo = nil
        beginnings.removeAll { $0.step >= step }
        beginnings.append(Beginning(attempt: attempt, step: step))
        if beginnings.count > Self.beginningsMax {
            let oldest = beginnings.removeFirst()
            beginnings[0].step = oldest.step
        }
    }

    /// A step has a plan now.
    mutating func plan(_ step: Int) { plannedUpTo = max(plannedUpTo, step) }

    /// Whether a later attempt has abandoned what an attempt did for a step.
    package func hasAbandoned(_ attempt: UInt64, step: Int) -> Bool {
        beginnings.contains { $0.attempt > attempt && $0.step <= step }
    }

    /// Whether the trainer went back to this step or before it, without a number.
    func hasRewound(before step: Int) -> Bool { rewoundTo.map { step >= $0 } ?? false }

    /// Whether a step was abandoned by a rewind without a number, and not planned since.
    func isUnplanned(_ step: Int) -> Bool { hasRewound(before: step) && step > plannedUpTo }

    /// Without what follows from the plans kept, for comparing states.
    var durable: PolicyAttempts { PolicyAttempts(beginnings: beginnings, rewoundTo: rewoundTo) }
}
