/// Whose outcomes a routing study gives to the value model, beside each model's own history.
public struct RouteReferences: Hashable, Sendable, LosslessStringConvertible {
    /// Whether the other models of the fleet are references by their histories. None of them has an outcome on a routed
    /// prompt: where one is known, nothing is left to decide.
    public let usesFleet: Bool
    /// Number of policies outside the fleet, drawn by seed, with outcomes on histories and on routed prompts.
    public let outside: Int

    /// No references.
    public static let none = RouteReferences(usesFleet: false, outside: 0)
    /// Most policies outside the fleet.
    public static let outsideMax = 32

    private init(usesFleet: Bool, outside: Int) {
        self.usesFleet = usesFleet
        self.outside = outside
    }

    /// `none`, `fleet`, `others:3` or `fleet+others:3`, with 1 to 32 others.
    public init?(_ description: String) {
        if description == "none" {
            self = .none
            return
        }
        var usesFleet = false
        var outside = 0
        for part in description.split(separator: "+", omittingEmptySubsequences: false) {
            if part == "fleet", !usesFleet, outside == 0 {
                usesFleet = true
            } else if part.hasPrefix("others:"), outside == 0, let count = Int(part.dropFirst("others:".count)),
                1...Self.outsideMax ~= count
            {
                outside = count
            } else {
                return nil
            }
        }
        self.init(usesFleet: usesFleet, outside: outside)
    }

    /// As `init` reads it.
    public var description: String {
        let parts = (usesFleet ? ["fleet"] : []) + (outside > 0 ? ["others:\(outside)"] : [])
        return parts.isEmpty ? "none" : parts.joined(separator: "+")
    }
}
