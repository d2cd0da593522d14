/// Why a peer may not join.
public enum Refusal: Hashable, Sendable {
    case protocolVersion
    case fingerprint
    case capacity
}
