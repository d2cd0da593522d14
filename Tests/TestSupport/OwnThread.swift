import Foundation

/// Runs what waits for an answer, or computes for long, on a thread of its own. The pool has as many threads as the machine
/// has cores: held by one test, they would stop all others that wait for answers within seconds.
///
/// `niceness` above 0 leaves the processors to the tests beside it, as that of a process does.
public func onOwnThread<Value: Sendable>(
    niceness: Int32 = 0, _ body: @escaping @Sendable () -> Value
) async -> Value {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            // Of this thread alone: Linux counts threads as processes here.
            if niceness > 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
            continuation.resume(returning: body())
        }
    }
}
