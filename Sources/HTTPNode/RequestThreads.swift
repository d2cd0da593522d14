import Dispatch

/// Threads that requests are answered on. They are not the shared pool of tasks, which has one thread a core and may be
/// busy with somebody's computation: health must be answered then, too.
final class RequestThreads: TaskExecutor {
    static let shared = RequestThreads()

    private let queue = DispatchQueue(label: "http", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
