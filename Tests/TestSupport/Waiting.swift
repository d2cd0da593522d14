import Glibc
public import Logging

/// Waits until a condition holds; `false` when it does not within 30 s. For what other threads and processes do.
public func waitUntil(_ condition: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + testTimeout * 3
    while ContinuousClock.now < deadline {
        if condition() { return true }
        var pause = timespec(tv_sec: 0, tv_nsec: 5_000_000)
        nanosleep(&pause, nil)
    }
    return condition()
}

extension Logger {
    /// A logger that drops everything.
    public static let quiet = Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }
}
