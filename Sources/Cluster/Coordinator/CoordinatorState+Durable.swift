import OrderedCollections
package import Scoring
package import Wire

extension CoordinatorState {
    /// What a coordinator must know after a restart as it knew it before: all that the journal is for.
    package struct Durable: Hashable, Sendable {
        /// A job's part: what its client holds, and what waits for its confirmation.
        package struct OpenJob: Hashable, Sendable {
            package var confirmedBelow: UInt32
            package var answers: [UInt32: ShardAnswer]
        }

        package var generation: UInt64
        package var fingerprint: ModelFingerprint?
        package var jobs: [JobID: OpenJob]
    }

    /// The durable part of the state, for comparing a replay with the state that wrote the journal. Cost: linear.
    package var durable: Durable {
        let open = jobs.map { id, job in
            (id, Durable.OpenJob(confirmedBelow: job.confirmedBelow, answers: job.answers))
        }
        return Durable(
            generation: generation, fingerprint: fingerprint, jobs: Dictionary(uniqueKeysWithValues: open))
    }
}
