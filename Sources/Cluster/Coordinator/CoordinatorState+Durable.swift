import OrderedCollections
package import Scoring
package import Wire

// The durable part of the coordinator's state.

extension CoordinatorState {
    /// What a restart must not change: the generation, the model, and the open jobs with their answers.
    package struct Durable: Hashable, Sendable {
        /// A job: what its client has confirmed, and the answers that wait for confirmation.
        package struct OpenJob: Hashable, Sendable {
            package var tenant: String?
            package var confirmedBelow: UInt32
            package var answers: [UInt32: ShardAnswer]
        }

        package var generation: UInt64
        package var fingerprint: ModelFingerprint?
        package var jobs: [JobID: OpenJob]
        package var quarantined: Set<String>
    }

    /// The durable part of the state, for comparing a replay with the state that wrote the journal. Cost: linear.
    package var durable: Durable {
        let open = jobs.filter { !$0.value.isTransient }.map { id, job in
            (id, Durable.OpenJob(tenant: job.tenant, confirmedBelow: job.confirmedBelow, answers: job.answers))
        }
        return Durable(
            generation: generation, fingerprint: fingerprint, jobs: Dictionary(uniqueKeysWithValues: open),
            quarantined: Set(quarantined))
    }

    /// Makes what happened to a job durable, unless the job ends with this process.
    func record(_ entry: JournalEntry, of job: Job?, _ actions: inout [Action]) {
        guard let job, !job.isTransient else { return }
        actions.append(.journal(entry, of: job.tenant))
    }
}
