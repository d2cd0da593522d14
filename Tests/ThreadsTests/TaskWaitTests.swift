import Foundation
import Testing
import Threads

@Suite("TaskWait and StopFlag")
struct TaskWaitTests {
    private struct Failure: Error {}

    /// Runs a body on a thread that is not a task, as programs do.
    private func onThread(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { done in
            Thread.detachNewThread {
                body()
                done.resume()
            }
        }
    }

    @Test("a thread gets the value of a task")
    func value() async {
        await onThread {
            #expect(
                TaskWait.run {
                    await Task.yield(); return 42
                } == 42)
        }
    }

    @Test("what the task throws is thrown to the thread")
    func failure() async {
        await onThread {
            #expect(throws: Failure.self) {
                try TaskWait.run { () async throws(Failure) -> Int in throw Failure() }
            }
        }
    }

    @Test("a task that takes longer than allowed gives nil")
    func limit() async {
        await onThread {
            let value = TaskWait.run(atMost: .milliseconds(1)) { () async -> Int? in
                try? await Task.sleep(for: .seconds(60))
                return 1
            }
            #expect(value == nil)
        }
    }

    @Test("a flag is raised once and stays raised")
    func flag() {
        let flag = StopFlag()
        #expect(!flag.isRaised)
        flag.raise()
        flag.raise()
        #expect(flag.isRaised)
    }
}
