/// Bounds a rate: so many units a second on average, and at most those of one second at once.
public struct TokenBucket: Sendable {
    private let rate: Double
    private var left: Double
    private var filled: Duration

    /// A full bucket at a time on any clock that does not go back. `perSecond` is at least 1.
    public init(perSecond: Int, at time: Duration) {
        rate = Double(max(1, perSecond))
        left = rate
        filled = time
    }

    /// Takes a unit at a time; where there is none, takes nothing and returns how long it is until there is one.
    public mutating func take(at time: Duration) -> Duration? {
        if time > filled {
            left = min(rate, left + (time - filled) / .seconds(1) * rate)
            filled = time
        }
        guard left < 1 else {
            left -= 1
            return nil
        }
        return .seconds((1 - left) / rate)
    }
}
