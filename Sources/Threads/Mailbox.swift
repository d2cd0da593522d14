import Synchronization

/// A bounded queue from any threads to one thread, which it wakes.
///
/// The owner waits with `Wakeup.wait` or a socket's poller, and drains when woken. Several mailboxes may share one
/// wake-up. A full mailbox refuses the element; it neither grows nor waits.
public final class Mailbox<Element: Sendable>: Sendable {
    /// What happened to an element that was sent.
    public enum SendOutcome: Sendable, Hashable {
        /// It is in the queue.
        case accepted
        /// The queue has `capacity` elements; the sender keeps this one.
        case full
        /// The owner has closed the mailbox; the sender keeps the element.
        case closed
    }

    /// The greatest number of waiting elements.
    public let capacity: Int
    /// Signalled when an element that wakes the owner is the first one of these in the queue.
    public let wakeup: Wakeup
    private let queue: Mutex<Queue>

    /// An empty mailbox for up to `capacity` elements, at least one.
    public init(capacity: Int, wakeup: Wakeup) {
        precondition(capacity > 0, "a mailbox needs room for one element, not \(capacity)")
        self.capacity = capacity
        self.wakeup = wakeup
        self.queue = Mutex(Queue())
    }

    /// An empty mailbox with a wake-up of its own.
    public convenience init(capacity: Int) throws(ThreadError) {
        self.init(capacity: capacity, wakeup: try Wakeup())
    }

    /// Appends an element to the queue. Any thread may call it.
    /// - Parameter wakes: Whether the owner must look now. Otherwise it finds the element when something else wakes it.
    public func send(_ element: Element, wakes: Bool = true) -> SendOutcome {
        let (outcome, mustSignal) = queue.withLock { queue -> (SendOutcome, Bool) in
            guard queue.isOpen else { return (.closed, false) }
            guard queue.elements.count < capacity else { return (.full, false) }
            queue.elements.append(element)
            // One signal a batch: the drain that finds one element finds those behind it too.
            let mustSignal = wakes && !queue.isSignalled
            if mustSignal { queue.isSignalled = true }
            return (.accepted, mustSignal)
        }
        if mustSignal { wakeup.signal() }
        return outcome
    }

    /// Removes and returns all waiting elements, oldest first.
    public func drain() -> [Element] {
        queue.withLock { $0.removeAll() }
    }

    /// Refuses all elements from now on; returns those that were waiting, so that the owner can answer them.
    public func close() -> [Element] {
        queue.withLock { queue in
            queue.isOpen = false
            return queue.removeAll()
        }
    }

    private struct Queue {
        var elements: [Element] = []
        var isOpen = true
        /// Whether the owner was signalled for what is in the queue.
        var isSignalled = false

        mutating func removeAll() -> [Element] {
            defer { (elements, isSignalled) = ([], false) }
            return elements
        }
    }
}
