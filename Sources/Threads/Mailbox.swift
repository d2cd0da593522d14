import Synchronization

/// A bounded queue from any threads into one, which it wakes.
///
/// The owner waits with a `Poller` or `Wakeup.wait`, and drains when woken. Several mailboxes may share a wake-up. The
/// bound is the sender's to respect: a full mailbox refuses, it does not grow and does not wait.
public final class Mailbox<Element: Sendable>: Sendable {
    /// What became of an element.
    public enum SendOutcome: Sendable, Hashable {
        /// It is in the queue.
        case accepted
        /// The queue is as long as `capacity`; the element is still the sender's.
        case full
        /// The owner has ended and takes nothing any more; the element is still the sender's.
        case closed
    }

    /// The greatest number of elements waiting.
    public let capacity: Int
    /// What is rung when the queue is no longer empty.
    public let wakeup: Wakeup
    private let queue: Mutex<Queue>

    /// An empty mailbox for up to `capacity` elements, at least one.
    public init(capacity: Int, wakeup: Wakeup) {
        precondition(capacity > 0, "a mailbox of capacity \(capacity) could never take anything")
        self.capacity = capacity
        self.wakeup = wakeup
        self.queue = Mutex(Queue())
    }

    /// Puts an element at the end of the queue, from any thread.
    public func send(_ element: Element) -> SendOutcome {
        let (outcome, isFirst) = queue.withLock { queue -> (SendOutcome, Bool) in
            guard queue.isOpen else { return (.closed, false) }
            guard queue.elements.count < capacity else { return (.full, false) }
            queue.elements.append(element)
            return (.accepted, queue.elements.count == 1)
        }
        // One ring a batch: those behind the first are found by the same drain.
        if isFirst { wakeup.signal() }
        return outcome
    }

    /// Takes everything waiting, oldest first.
    public func drain() -> [Element] {
        queue.withLock { $0.take() }
    }

    /// Refuses everything from now on, and hands over what was waiting so that it can be answered.
    public func close() -> [Element] {
        queue.withLock { queue in
            queue.isOpen = false
            return queue.take()
        }
    }

    private struct Queue {
        var elements: [Element] = []
        var isOpen = true

        mutating func take() -> [Element] {
            defer { elements = [] }
            return elements
        }
    }
}
