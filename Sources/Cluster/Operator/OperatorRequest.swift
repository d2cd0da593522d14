/// What an operator asks a coordinator: to see its parts, to take a worker out of service, to end a job.
public enum OperatorRequest: Hashable, Sendable {
    /// Workers, jobs and plans, each by name.
    case details
    /// The cluster at a glance, bounded in size.
    case overview
    /// Ask all workers and rollout workers of a name to finish what they have and to exit.
    case drain(worker: String)
    /// End a job by its id, 32 hexadecimal digits.
    case cancel(job: String)
}

/// The answer to an operator.
public enum OperatorAnswer: Hashable, Sendable {
    /// The parts of the cluster.
    case details(ClusterDetails)
    /// The cluster at a glance.
    case overview(ClusterOverview)
    /// So many workers were asked to drain, and hold this much work.
    case draining(workers: Int, leases: Int)
    /// The job has ended; so many pieces were pending or lent.
    case cancelled(pieces: Int)
    /// No worker or job of this name; the message names those that there are.
    case unknown(message: String)
}
