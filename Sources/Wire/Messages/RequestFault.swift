import Scoring

/// A member of a trainer's request that is outside its bounds (`PlanLimits`).
///
/// The bounds of a request are checked by its `check` alone, for every caller: HTTP answers the fault with status 400,
/// the planner with RequestRefused.
public struct RequestFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of faults.
    public enum Kind: Hashable, Sendable { case outOfRange, duplicate }
    /// What is wrong.
    public let kind: Kind
    /// Path of the member, as `items[3].n_min`.
    public let member: String
    /// For people: the member, its value, and what it must be.
    public let description: String

    /// States a fault.
    public init(_ member: String, _ description: String, kind: Kind = .outOfRange) {
        self.kind = kind
        self.member = member
        self.description = description
    }

    /// Throws unless a whole number is in its range.
    static func check(
        _ number: Int, in range: ClosedRange<Int>, _ member: @autoclosure () -> String
    ) throws(RequestFault) {
        guard !range.contains(number) else { return }
        throw RequestFault(
            member(),
            "\(member()) is \(number); it must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }

    /// Throws unless a number is in its range. Not a number never is.
    static func check(
        _ number: Double, in range: ClosedRange<Double>, _ member: @autoclosure () -> String
    ) throws(RequestFault) {
        guard !range.contains(number) else { return }
        throw RequestFault(
            member(), "\(member()) is \(number); it must be a number from \(range.lowerBound) to \(range.upperBound)")
    }

    /// Throws unless a text has as many bytes as it may have.
    public static func check(
        bytesOf text: String, in range: ClosedRange<Int>, _ member: @autoclosure () -> String
    ) throws(RequestFault) {
        guard !range.contains(text.utf8.count) else { return }
        throw RequestFault(
            member(),
            "\(member()) has \(text.utf8.count) bytes; it must have \(range.lowerBound) to \(range.upperBound)")
    }

    /// Throws unless a list has as many elements as it may have.
    public static func check(
        count: Int, in range: ClosedRange<Int>, _ member: @autoclosure () -> String
    ) throws(RequestFault) {
        guard !range.contains(count) else { return }
        throw RequestFault(
            member(), "\(member()) has \(count) elements; it must have \(range.lowerBound) to \(range.upperBound)")
    }

    /// The range of rewards between two ends. Throws unless both are in `PlanLimits.rewards`, the first below the
    /// second.
    public static func rewardRange(low: Double, high: Double) throws(RequestFault) -> ClosedRange<Double> {
        try check(low, in: PlanLimits.rewards, "reward_low")
        try check(high, in: PlanLimits.rewards, "reward_high")
        guard high - low >= PlanLimits.rewardWidthMin else {
            throw RequestFault(
                "reward_high",
                "reward_high is \(high); it must be more than reward_low, \(low), by \(PlanLimits.rewardWidthMin) or more"
            )
        }
        return low...high
    }
}
