/// Why a worker returns a piece undone.
public enum ReturnReason: Hashable, Sendable {
    case overCredit
    case draining
}
