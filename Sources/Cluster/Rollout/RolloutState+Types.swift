public import Wire

// What is said to the machine and what it wants done; who it is.

extension RolloutState {
    /// What happened.
    public enum Event: Sendable {
        case started
        case received(Envelope)
        /// The program said something about an assignment.
        case reported(RolloutReport)
        /// The program has ended, or could not be started; for people, how.
        case programDied(String)
        /// SIGTERM: finish what runs, take no more, leave.
        case drainRequested
        case tick
    }

    /// What the driver must do, in order.
    public enum Action: Sendable {
        case send(Envelope)
        /// Start the program; there is none.
        case launch
        /// Give this to the program: `n` is what is still missing. Answer with `reported` as its rollouts end.
        case run(Assignment)
        /// End the program, which says nothing any more; answer with `programDied`.
        case kill
        /// For the log: a report was passed over.
        case fault(RolloutFault)
        /// For the log: what became of rewards, which are forgotten now.
        case settled(RewardsRecorded)
        /// End the program and leave.
        case exit(Exit)
    }

    /// Why the rollout worker leaves.
    public enum Exit: Hashable, Sendable {
        case drained
        case refused(Refusal, message: String)
        /// No coordinator was heard for the time allowed.
        case abandoned(after: Duration)
        /// The program died so many times in a row without a single report; how, the last time.
        case programFailed(deaths: Int, String)
    }

    /// Who the rollout worker is and what it takes.
    public struct Configuration: Sendable {
        /// Stable over restarts.
        public var name: String
        /// Assignments given to the program at a time, at least 1.
        public var slots: Int
        /// What it takes in hand at a time: `rows` assignments, `tokens` rollouts.
        public var credit: Credit
        /// Its clocks until a Welcome sets them.
        public var timing = ClusterTiming.standard
        /// Without a word from a coordinator for this long, the rollout worker leaves; draining, after a minute.
        public var abandonTime: Duration = .seconds(600)
        /// Without a word about an assignment for this long, it is given back; if about none, the program is ended.
        public var silenceTime: Duration = .seconds(600)
        /// Deaths of the program in a row, without a report between them, after which the rollout worker leaves.
        public var deathsMax = 8

        /// Describes a rollout worker that has one assignment waiting for each that runs.
        public init(name: String, slots: Int) {
            self.name = name
            self.slots = slots
            credit = Credit(rows: 2 * slots, tokens: 2 * slots * Self.rolloutsPerAssignment)
        }

        /// What the credit in rollouts is made for; the largest groups in use have some 128.
        private static let rolloutsPerAssignment = 128
    }
}
