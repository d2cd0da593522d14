import TestSupport
import Testing
import Threads

@Suite("Mailbox and Wakeup")
struct MailboxTests {
    @Test("signals before the wait count as one, and the wait clears them")
    func signalsCollapse() throws {
        let wakeup = try Wakeup()
        // More signals than the pair of sockets can hold: `signal` must never wait.
        for _ in 0..<20_000 { wakeup.signal() }
        #expect(wakeup.wait(for: testTimeout))
        #expect(!wakeup.wait(for: .zero))
        wakeup.signal()
        #expect(wakeup.wait(for: nil))
    }

    @Test("a mailbox accepts up to its capacity, refuses the rest, and drains in order")
    func mailboxBound() throws {
        let mailbox = Mailbox<Int>(capacity: 3, wakeup: try Wakeup())
        #expect((0..<5).map { mailbox.send($0) } == [.accepted, .accepted, .accepted, .full, .full])
        #expect(mailbox.drain() == [0, 1, 2])
        #expect(mailbox.drain() == [])
        #expect(mailbox.send(9) == .accepted)
        #expect(mailbox.close() == [9])
        #expect(mailbox.send(10) == .closed)
        #expect(mailbox.drain() == [])
    }

    @Test("an element that does not wake the owner waits for one that does, and is first")
    func quietElements() throws {
        let mailbox = try Mailbox<Int>(capacity: 4)
        #expect(mailbox.send(1, wakes: false) == .accepted && !mailbox.wakeup.wait(for: .zero))
        #expect(mailbox.send(2) == .accepted && mailbox.wakeup.wait(for: .zero))
        #expect(mailbox.send(3) == .accepted && !mailbox.wakeup.wait(for: .zero), "one signal for all")
        #expect(mailbox.drain() == [1, 2, 3])
        #expect(mailbox.send(4, wakes: false) == .accepted && !mailbox.wakeup.wait(for: .zero))
        #expect(mailbox.drain() == [4])
        #expect(mailbox.send(5) == .accepted && mailbox.wakeup.wait(for: .zero))
    }

    @Test("elements sent by many threads arrive once, in order, and always wake the owner")
    func mailboxUnderLoad() throws {
        let senders = 4
        let perSender = 5_000
        let mailbox = Mailbox<(sender: Int, number: Int)>(capacity: 64, wakeup: try Wakeup())
        let space = try (0..<senders).map { _ in try Wakeup() }
        let threads = (0..<senders).map { sender in
            DedicatedThread.start(name: "sender \(sender)") { announce in
                announce(())
                for number in 0..<perSender {
                    while mailbox.send((sender, number)) == .full { _ = space[sender].wait(for: testTimeout) }
                }
            }
        }
        var next = [Int](repeating: 0, count: senders)
        while next.reduce(0, +) < senders * perSender {
            guard mailbox.wakeup.wait(for: testTimeout) else { throw TestTimeout(what: "mailbox") }
            for element in mailbox.drain() {
                #expect(element.number == next[element.sender])
                next[element.sender] = element.number + 1
            }
            for wakeup in space { wakeup.signal() }
        }
        for thread in threads { thread.join() }
    }
}
