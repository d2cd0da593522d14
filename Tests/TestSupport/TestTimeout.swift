/// Thrown when something that needs microseconds on loopback has not happened within `testTimeout`.
public struct TestTimeout: Error {
    /// What was waited for.
    public let what: String

    /// Names what was waited for.
    public init(what: String) {
        self.what = what
    }
}

/// Long enough that only a fault exceeds it, also on a busy machine.
public let testTimeout = Duration.seconds(10)
