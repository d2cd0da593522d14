/// Why a peer may not join.
public enum Refusal: Hashable, Sendable {
    case protocolVersion
    case fingerprint
    case capacity
    /// Its key does not permit what it is.
    case permission
}
