import Foundation
import Synchronization
import TestSupport
import Testing
import Threads

@Suite("DedicatedThread: start, end and failure")
struct DedicatedThreadTests {
    @Test("a body that fails before it announces fails the start")
    func failsAtStart() {
        #expect(throws: TestTimeout.self) {
            try DedicatedThread.start(name: "fails") { (_: (Int) -> Void) throws(TestTimeout) in
                throw TestTimeout(what: "the very beginning")
            }
        }
    }

    @Test(
        "the system shows a thread by its name, of a long one the first 15 bytes",
        arguments: ["journal", "a-long-name-of-a-thread"])
    func named(name: String) throws {
        let thread = try DedicatedThread.start(name: name) { (announce: (String) -> Void) throws(any Error) in
            announce(try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8))
        }
        try thread.join()
        #expect(thread.announcement == name.prefix(15) + "\n")
    }

    @Test("a thread's end can be awaited, by many and late")
    func finished() async throws {
        let wakeup = try Wakeup()
        let thread = DedicatedThread.start(name: "ends") { announce in
            announce(42)
            while !wakeup.wait(for: nil) {}
        }
        #expect(thread.announcement == 42)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { await thread.finished() } }
            wakeup.signal()
        }
        await thread.finished()
        thread.join()
        thread.join()
    }

    @Test("what ends a thread's body is thrown to everyone who waits for it")
    func failsLater() async throws {
        let wakeup = try Wakeup()
        let thread = try DedicatedThread.start(name: "fails") { announce throws(TestTimeout) in
            announce(())
            while !wakeup.wait(for: nil) {}
            throw TestTimeout(what: "the very end")
        }
        wakeup.signal()
        await #expect(throws: TestTimeout.self) { try await thread.finished() }
        #expect(throws: TestTimeout.self) { try thread.join() }
    }

    /// Counts when it is released.
    private final class Held: Sendable {
        let released: Counter
        init(_ released: Counter) { self.released = released }
        deinit { released.value.add(1, ordering: .relaxed) }
    }

    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    private func thread(holding released: Counter) -> DedicatedThread<Void, Never> {
        let held = Held(released)
        return DedicatedThread.start(name: "holds") { announce in withExtendedLifetime(held) { announce(()) } }
    }

    @Test("when a thread is joined, what its body has captured is released")
    func releases() {
        // A coordinator's socket was closed after `wait` had returned: a thread's object still held its libzmq context.
        let released = Counter()
        for count in 1...500 {
            thread(holding: released).join()
            #expect(released.value.load(ordering: .relaxed) == count)
        }
    }
}
