/// Spans in progress by what they are about, for code that sees their starts and ends as events. Bounded: beyond it the
/// oldest is ended.
package struct OpenSpans<Key: Hashable & Sendable>: Sendable {
    private var spans: [Key: (span: Span, number: Int)] = [:]
    private var next = 0
    private let max: Int

    /// No spans, and place for `max`.
    package init(max: Int) {
        self.max = Swift.max(1, max)
    }

    /// The span in progress.
    package subscript(key: Key) -> Span? { spans[key]?.span }

    /// Keeps a span. One that was there for the same key is ended as failed.
    package mutating func open(_ key: Key, _ span: Span) {
        close(key)?.end(failure: "it was begun again")
        if spans.count >= max, let oldest = spans.min(by: { $0.value.number < $1.value.number })?.key {
            close(oldest)?.end(failure: "no end was seen")
        }
        spans[key] = (span, next)
        next += 1
    }

    /// Removes a span, which the caller ends.
    @discardableResult
    package mutating func close(_ key: Key) -> Span? { spans.removeValue(forKey: key)?.span }

    /// Ends all whose key fits.
    package mutating func endAll(failure: String? = nil, where fits: (Key) -> Bool = { _ in true }) {
        for key in spans.keys.filter(fits) { close(key)?.end(failure: failure) }
    }
}
