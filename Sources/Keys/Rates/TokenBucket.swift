/// Bounds a rate: so many units a second on average, and at most those of one second at once.
public struct TokenBucket: Sendable {
    private let rate: Double
    private let most: Double
    private var left: Double
    private var filled: Duration

    /// A full bucket at a time on any clock that does not go back. `perSecond` is at least 1.
    public init(perSecond: Int, at time: Duration) {
        let rate = Double(max(1, perSecond))
        self.init(perSecond: rate, most: rate, at: time)
    }

    /// The same with another bound on what may be taken at once; both above 0.
    package init(perSecond: Double, most: Double, at time: Duration) {
        (rate, self.most) = (perSecond, most)
        left = most
        filled = time
    }

    /// Takes a unit at a time; where there is none, takes nothing and returns how long it is until there is one.
    public mutating func take(at time: Duration) -> Duration? {
        fill(until: time)
        guard left < 1 else {
            left -= 1
            return nil
        }
        return .seconds((1 - left) / rate)
    }

    /// Takes units that were used already, also more than are left: then it is empty until they are filled up again. It is never
    /// more than `debtMax` units below zero.
    package mutating func takeUsed(_ units: Double, debtMax: Double, at time: Duration) {
        fill(until: time)
        left = max(left - units, -debtMax)
    }

    /// Whether nothing is left at a time.
    package func isEmpty(at time: Duration) -> Bool { left(at: time) <= 0 }

    private func left(at time: Duration) -> Double {
        time > filled ? min(most, left + (time - filled) / .seconds(1) * rate) : left
    }

    private mutating func fill(until time: Duration) {
        left = left(at: time)
        filled = max(filled, time)
    }
}
