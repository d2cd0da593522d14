/// Rollouts of a step that are reserved for groups that need more than planned.
public struct RolloutReserve: Hashable, Sendable {
    /// Remaining rollouts, never below 0.
    public private(set) var left: Int

    /// A reserve; a negative number counts as 0.
    public init(_ rollouts: Int) { left = max(0, rollouts) }

    /// Removes up to `wanted` rollouts, as many as there are, and returns their number.
    public mutating func take(_ wanted: Int) -> Int {
        let taken = min(max(0, wanted), left)
        left -= taken
        return taken
    }
}
