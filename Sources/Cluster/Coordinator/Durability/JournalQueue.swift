import DequeModule

/// Requests that wait for the disk. Those of a tenant become durable in order, and tenants take turns: one that has much to
/// keep delays another by a part of a request. One that concerns all waits for all before it, and all behind it wait.
package struct JournalQueue: Sendable {
    private var requests = TurnQueue<String?, JournalRequest>()
    /// The first request that concerns all, and everything behind it.
    private var later: Deque<JournalRequest> = []
    private let partBytes: Int

    /// Divides requests that have more than about so many bytes.
    package init(partBytes: Int = JournalRequest.partBytes) {
        self.partBytes = partBytes
    }

    package var isEmpty: Bool { requests.isEmpty && later.isEmpty }

    /// Whether `popFirst` would return a request.
    package func hasNext(unless isThrottled: (String?) -> Bool) -> Bool {
        requests.hasNext(unless: isThrottled) || requests.isEmpty && !later.isEmpty
    }

    /// Adds a request behind those of its tenant; a long one in parts.
    package mutating func append(_ request: JournalRequest) {
        for part in request.parts(of: partBytes) {
            if part.concernsAll || !later.isEmpty { later.append(part) } else { requests.append(part, of: part.tenant) }
        }
    }

    /// Removes and returns the next request or part of one, of a tenant that is not throttled; `nil` where there is none.
    /// Cost: constant, on average, and a look at each tenant that is.
    package mutating func popFirst(unless isThrottled: (String?) -> Bool = { _ in false }) -> JournalRequest? {
        if let next = requests.popFirst(unless: isThrottled) { return next }
        guard requests.isEmpty, let first = later.popFirst() else { return nil }
        while let next = later.first, !next.concernsAll {
            later.removeFirst()
            requests.append(next, of: next.tenant)
        }
        return first
    }
}
