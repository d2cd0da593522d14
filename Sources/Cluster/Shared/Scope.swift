/// The part of a cluster that somebody may see and change over HTTP.
public enum Scope: Hashable, Sendable {
    /// Everything: of operators whose key or token has no tenant.
    case all
    /// What belongs to a tenant; with `nil`, what belongs to none.
    case tenant(String?)

    /// Whether what belongs to a tenant is in it.
    public func includes(_ tenant: String?) -> Bool {
        switch self {
        case .all: true
        case .tenant(let own): own == tenant
        }
    }

    /// Whose policies and plans are meant where only those of one can be: `all` means the cluster's own.
    public var tenant: String? {
        switch self {
        case .all: nil
        case .tenant(let own): own
        }
    }
}
