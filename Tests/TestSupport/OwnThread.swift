import Foundation

/// Runs what computes for long on a thread of its own, and with less priority than the tests beside it.
///
/// On a thread of the pool, which has as many as the machine has cores, it would stop all tests that wait for answers within
/// seconds.
public func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        Thread {
            // Of this thread alone: Linux counts threads as processes here.
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
            continuation.resume(returning: body())
        }.start()
    }
}
