import Dispatch
import HTTPServing
import Testing

/// The threads that answer requests: a request with much to read keeps none of the others back.
@Suite("Threads of requests")
struct RequestThreadsTests {
    @Test("no job waits behind a long one while a thread is free", .timeLimit(.minutes(5)))
    func longJob() async {
        let gate = DispatchSemaphore(value: 0)
        let long = Task(executorPreference: RequestThreads.shared) { Self.wait(for: gate) }
        // As many as there are threads, several times: with turns, one would be behind the long job.
        for _ in 0..<100 { await Task(executorPreference: RequestThreads.shared) {}.value }
        gate.signal()
        await long.value
    }

    private static func wait(for gate: DispatchSemaphore) { gate.wait() }
}
