/// Spans in progress by what they are about, for code that sees their starts and ends as events. Bounded: beyond it the
/// oldest is ended.
package struct OpenSpans<Key: Hashable & Sendable>: Sendable {
    private var spans: [Key: (span: Span, number: Int)] = [:]
    /// Keys in the order in which their spans were opened, also of some that have ended; those before `first` are done.
    private var order: [(key: Key, number: Int)] = []
    private var first = 0
    private var next = 0
    private let max: Int

    /// No spans, and place for `max`.
    package init(max: Int) {
        self.max = Swift.max(1, max)
    }

    /// Whether none is in progress.
    package var isEmpty: Bool { spans.isEmpty }

    /// The span in progress.
    package subscript(key: Key) -> Span? { spans[key]?.span }

    /// Keeps a span. One that was there for the same key is ended as failed.
    package mutating func open(_ key: Key, _ span: Span) {
        close(key)?.end(failure: "it was begun again")
        // Never a search of all spans: where many ends are missing, there is no place at any opening.
        while spans.count >= max, first < order.count {
            let oldest = order[first]
            first += 1
            if isOpen(oldest.key, oldest.number) { close(oldest.key)?.end(failure: "no end was seen") }
        }
        if order.count >= 2 * max {
            order = order[first...].filter { isOpen($0.key, $0.number) }
            first = 0
        }
        spans[key] = (span, next)
        order.append((key, next))
        next += 1
    }

    /// Removes a span, which the caller ends.
    @discardableResult
    package mutating func close(_ key: Key) -> Span? { spans.removeValue(forKey: key)?.span }

    /// Ends all whose key fits.
    package mutating func endAll(failure: String? = nil, where fits: (Key) -> Bool = { _ in true }) {
        for key in spans.keys.filter(fits) { close(key)?.end(failure: failure) }
    }

    private func isOpen(_ key: Key, _ number: Int) -> Bool { spans[key]?.number == number }
}
