public import Keys

/// Who a request was admitted as. A handler that needs it throws where no middleware has said so: a path that is served
/// without one answers nobody, not everybody.
public enum Admission: Sendable {
    /// The server asks for no tokens.
    case anybody
    /// The holder of a token.
    case holder(KeyRing.Grant)
}
