import Dispatch
import Synchronization

/// Threads that answer requests.
///
/// They are not the shared pool of tasks: that has one thread a core, and a computation may keep it busy. Health requests
/// must be answered then, too. A job goes to the thread with the fewest jobs: a thread that reads the JSON of a large
/// request is busy for some hundred milliseconds, and nothing waits behind it while another thread is free.
public final class RequestThreads: TaskExecutor {
    /// The threads of this process.
    public static let shared = RequestThreads()

    /// More than there are largest bodies at a time.
    private static let count = 8
    /// Serial queues: unlike a concurrent one, each gets a thread of its own, whatever the shared pool does.
    private let queues = (0..<count).map { DispatchQueue(label: "http-\($0)") }
    /// Jobs of each queue that have not ended.
    private let jobs = Mutex(Array(repeating: 0, count: count))

    /// Runs a task's job on the thread with the fewest jobs.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let queue = jobs.withLock { jobs in
            let queue = jobs.indices.min { jobs[$0] < jobs[$1] } ?? 0
            jobs[queue] += 1
            return queue
        }
        queues[queue].async {
            job.runSynchronously(on: self.asUnownedTaskExecutor())
            self.jobs.withLock { $0[queue] -= 1 }
        }
    }
}
