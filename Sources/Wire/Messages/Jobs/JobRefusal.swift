/// Why the coordinator refuses a job.
public enum JobRefusal: Hashable, Sendable {
    case fingerprint
    case capacity
    case context
}
