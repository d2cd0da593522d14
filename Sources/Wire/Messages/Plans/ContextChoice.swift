/// How a context set is drawn from a policy's history.
public struct ContextChoice: Hashable, Sendable {
    /// The ways to draw.
    public enum Selection: String, Hashable, Sendable, CaseIterable, Codable {
        case uniform, recent, stratified, prototypes
    }
    /// Rows drawn, at most `ContextSet.rowsMax`; fewer where the history has fewer.
    public var rows = 256
    /// The way.
    public var selection = Selection.recent
    /// Whether a prompt's own outcomes may be in the context it is predicted under.
    public var includesOwn = false
    /// Decides the draw.
    public var seed: UInt64 = 0

    /// The defaults: 256 rows, recent ones, never a prompt's own.
    public init() {}
}
