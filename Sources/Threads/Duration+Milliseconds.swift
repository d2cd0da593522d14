// Durations as whole milliseconds, the unit of poll(2) and libzmq.

extension Duration {
    /// Whole milliseconds, rounded up: a deadline is never met too early, and a loop that waits for less than a
    /// millisecond does not spin. At least 0, at most `limit`.
    package func milliseconds(limit: Int32 = .max) -> Int32 {
        guard self > .zero else { return 0 }
        guard self < .milliseconds(Int64(limit)) else { return limit }
        let (seconds, attoseconds) = components
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
