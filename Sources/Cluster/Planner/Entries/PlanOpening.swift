public import Wire

/// How a plan begins: its request, and what of the policy's history it is based on.
public struct PlanOpening: Hashable, Sendable {
    /// The request, every candidate with its text.
    public var request: RequestPlan
    /// Digest of the request as received. Another request for the same step has another one, and is refused.
    public var identity: [UInt8]
    /// Least budget, raised when rollouts of the policy have failed.
    public var minimum: Int
    /// Largest budget, lowered for the same reason.
    public var maximum: Int
    /// λ of the policy's previous plan.
    public var price: Double?
    /// Rows of the contexts.
    public var contextRows: Int
    /// Steps since their newest outcome; −1 without any.
    public var staleness: Int
    /// For people.
    public var warnings: [String]
    /// Steps by which the newest outcome of the contexts is later than the weights that roll out.
    public var contextAhead: Int
    /// The latest attempt at an assignment before the plan: earlier ones belong to former plans of the step.
    public var attemptsBefore: UInt64
    /// By candidate: expected tokens of an answer, 0 where nothing is known; empty if nothing is known of any.
    public var lengths: [Double]
    /// What exploration over the run means for this plan.
    public var exploration = Exploration()

    /// Exploration over the run, as it was when the plan was opened.
    public struct Exploration: Hashable, Sendable {
        /// Rollouts that earlier steps had saved.
        public var saved = 0.0
        /// Share of this plan's total for predictions to be checked; `nil` is the request's.
        public var share: Double?
        /// By candidate: steps without rollouts; empty where visits are not scheduled.
        public var waits: [Int] = []
        /// Candidates that are visited because they are due, ascending; their floors are raised.
        public var visits: [Int] = []

        /// Nothing but the request's share.
        public init(saved: Double = 0) {
            self.saved = saved
        }
    }

    /// Describes an opening.
    public init(
        request: RequestPlan, identity: [UInt8], minimum: Int, maximum: Int, price: Double?, contextRows: Int,
        staleness: Int, warnings: [String], contextAhead: Int = 0, attemptsBefore: UInt64 = 0, lengths: [Double] = []
    ) {
        self.request = request
        self.identity = identity
        self.minimum = minimum
        self.maximum = maximum
        self.price = price
        self.contextRows = contextRows
        self.staleness = staleness
        self.warnings = warnings
        self.contextAhead = contextAhead
        self.attemptsBefore = attemptsBefore
        self.lengths = lengths
    }
}
