/// Why the coordinator refuses a job.
public enum JobRefusal: Hashable, Sendable {
    case fingerprint
    case capacity
    case context
    /// Workers answer differently, and no other one is there to decide.
    case verification
}
