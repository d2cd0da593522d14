extension Duration {
    /// Whole milliseconds as libzmq counts them, rounded up so that a deadline is never met too early and a loop that
    /// waits for less than a millisecond does not spin; at most `limit`, at least 0.
    func milliseconds(limit: Int32 = .max) -> Int32 {
        guard self > .zero else { return 0 }
        guard self < .milliseconds(Int64(limit)) else { return limit }
        let (seconds, attoseconds) = components
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
