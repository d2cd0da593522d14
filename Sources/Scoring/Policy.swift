/// The LLM whose success is predicted, at one state of its training.
///
/// The same weights with another template, number of shots or temperature are another policy.
public struct Policy: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Name of the LLM or of the training run.
    public let id: String
    /// Training step; `nil` for a model that does not change.
    public let version: Int?

    /// Names a policy at a version.
    public init(id: String, version: Int? = nil) {
        self.id = id
        self.version = version
    }

    /// `id@version`, or the id alone where there is no version.
    public var description: String { version.map { "\(id)@\($0)" } ?? id }

    /// By id, then by version; a policy without a version comes first.
    public static func < (left: Policy, right: Policy) -> Bool {
        (left.id, left.version ?? -1) < (right.id, right.version ?? -1)
    }
}
