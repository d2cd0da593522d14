public import Wire

// Events and actions of the rollout worker's machine, its exits and its configuration.

extension RolloutState {
    /// What happened.
    public enum Event: Sendable {
        case started
        case received(Envelope)
        /// The program reported on an assignment.
        case reported(RolloutReport)
        /// The program has ended, or could not be started; for people, how.
        case programDied(String)
        /// SIGTERM: finish what runs, accept no more, leave.
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
        /// End the program, which reports nothing any more; answer with `programDied`.
        case kill
        /// For the log: a report was ignored, or a part of it.
        case fault(RolloutFault)
        /// For the log: the coordinator's verdict on rewards, which are dropped now.
        case settled(RewardsRecorded)
        /// End the program and leave.
        case exit(Exit)
    }

    /// Why the rollout worker leaves.
    public enum Exit: Hashable, Sendable {
        case drained
        case refused(Refusal, message: String)
        /// The coordinator was silent for the time allowed.
        case abandoned(after: Duration)
        /// The program died so many times in a row without a single report; how it died the last time.
        case programFailed(deaths: Int, String)
    }

    /// Who the rollout worker is and what it accepts.
    public struct Configuration: Sendable {
        /// Name and clocks. It waits for a coordinator for 600 s; while draining, for a minute.
        public var peer: PeerConfiguration
        /// Assignments given to the program at a time, at least 1.
        public var slots: Int
        /// What it holds at a time: `rows` assignments, `tokens` rollouts.
        public var credit: Credit
        /// Without a report on an assignment for this long, it is returned; without one on any, the program is ended.
        public var silenceTime: Duration = .seconds(600)
        /// Deaths of the program in a row, without a report between them, after which the rollout worker leaves.
        public var deathsMax = 8

        /// Describes a rollout worker that has one assignment waiting for each that runs.
        public init(name: String, slots: Int) {
            peer = PeerConfiguration(name: name, abandonTime: .seconds(600))
            self.slots = slots
            credit = Credit(rows: 2 * slots, tokens: 2 * slots * Self.rolloutsPerAssignment)
        }

        /// The credit in rollouts allows for so many in each assignment; the largest groups in use have about 128.
        private static let rolloutsPerAssignment = 128
    }
}
