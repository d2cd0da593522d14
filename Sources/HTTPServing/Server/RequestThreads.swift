import Dispatch
import Synchronization

/// Threads that answer requests.
///
/// They are not the shared pool of tasks: that has one thread a core, and a computation may keep it busy. Health requests
/// must be answered then, too.
public final class RequestThreads: TaskExecutor {
    /// The threads of this process.
    public static let shared = RequestThreads()

    /// Serial queues: unlike a concurrent one, each gets a thread of its own, whatever the shared pool does.
    private let queues = (0..<4).map { DispatchQueue(label: "http-\($0)") }
    private let turn = Atomic(0)

    /// Runs a task's job on the next thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let next = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        queues[next & 3].async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
