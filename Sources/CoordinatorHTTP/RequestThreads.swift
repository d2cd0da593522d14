import Dispatch
import Synchronization

/// Threads that requests are answered on. They are not the shared pool of tasks, which has one thread a core and may be
/// busy with somebody's computation: health must be answered then, too.
final class RequestThreads: TaskExecutor {
    static let shared = RequestThreads()

    /// Serial queues: unlike a concurrent one, each gets a thread of its own whatever the shared pool does.
    private let queues = (0..<4).map { DispatchQueue(label: "http-\($0)") }
    private let turn = Atomic(0)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let next = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        queues[next & 3].async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
