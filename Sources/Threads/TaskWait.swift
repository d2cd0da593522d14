import Dispatch
import Synchronization

/// Runs asynchronous code from a thread that is not a task, and blocks the thread until it has ended.
public enum TaskWait {
    /// Runs `body` in a task until it ends; returns its value, or throws what it throws.
    ///
    /// Never call it from a task: it blocks the calling thread.
    public static func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () async throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let result = run(atMost: nil) { () async -> Result<Value, Failure> in
            do throws(Failure) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        guard let result else { preconditionFailure("a wait without limit ended before its task") }
        return try result.get()
    }

    /// Runs `body` in a task; returns its value, or `nil` when it takes longer than `time`: the task then continues.
    /// `nil` waits without limit.
    @discardableResult
    public static func run<Value: Sendable>(
        atMost time: Duration?, _ body: @escaping @Sendable () async -> Value
    ) -> Value? {
        let done = DispatchSemaphore(value: 0)
        let result = TaskResult<Value>()
        Task {
            let value = await body()
            result.value.withLock { $0 = value }
            done.signal()
        }
        _ = done.wait(timeout: time.map { .now() + .milliseconds(Int($0.milliseconds())) } ?? .distantFuture)
        return result.value.withLock { $0 }
    }
}

/// Where a task leaves its value for the thread that waits.
private final class TaskResult<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
