/// Splits the bytes of a stream into server-sent events (WHATWG HTML, section 9.2), whatever the pieces they arrive in.
///
/// Bytes come out again unchanged, but whole events at a time: a stream that is cut never ends in half an event. Only a
/// byte order mark at the start is left out, as the standard demands: many clients would lose the first event for it.
struct EventStream: Sendable {
    struct Event: Equatable, Sendable {
        /// The value of the field `event`.
        var name: String?
        /// The values of the fields `data`, joined by line breaks; `nil` for an event without data, such as a comment.
        var data: [UInt8]?
    }

    /// Bytes of an event that is not complete.
    private(set) var pending: [UInt8] = []
    private var lineStart = 0
    private var scanned = 0
    private var event = Event()
    private var hasEnded = false
    private var isAtStart = true
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Adds bytes. Returns the events that are complete now, and their bytes.
    mutating func add(_ piece: [UInt8]) -> (events: [Event], bytes: [UInt8]) {
        pending += piece
        guard !isAtStart || beginsNow() else { return ([], []) }
        var events: [Event] = []
        var boundary = 0
        while let end = nextLineEnd() {
            if end.line.isEmpty {
                events.append(event)
                event = Event()
                boundary = end.next
            } else {
                read(pending[end.line])
            }
            lineStart = end.next
            scanned = end.next
        }
        guard boundary > 0 else { return (events, []) }
        let bytes = Array(pending[..<boundary])
        pending.removeFirst(boundary)
        lineStart -= boundary
        scanned -= boundary
        return (events, bytes)
    }

    /// The stream ended: a last carriage return ends its line, and an event without its blank line is complete. Some servers
    /// leave the blank line out; the caller must check that the event is not a part of one.
    mutating func end() -> (events: [Event], bytes: [UInt8]) {
        hasEnded = true
        let complete = add([])
        guard complete.events.isEmpty, !pending.isEmpty else { return complete }
        return add(Array("\n\n".utf8))
    }

    /// Removes the byte order mark; `false` while the bytes may be a part of one.
    private mutating func beginsNow() -> Bool {
        if pending.starts(with: Self.byteOrderMark) {
            pending.removeFirst(Self.byteOrderMark.count)
        } else if !hasEnded, Self.byteOrderMark.starts(with: pending) {
            return false
        }
        isAtStart = false
        return true
    }

    private mutating func nextLineEnd() -> (line: Range<Int>, next: Int)? {
        while scanned < pending.count {
            let byte = pending[scanned]
            if byte == UInt8(ascii: "\n") { return (lineStart..<scanned, scanned + 1) }
            if byte == UInt8(ascii: "\r") {
                // A line feed may follow in the next piece.
                guard hasEnded || scanned + 1 < pending.count else { return nil }
                let isPair = scanned + 1 < pending.count && pending[scanned + 1] == UInt8(ascii: "\n")
                return (lineStart..<scanned, scanned + (isPair ? 2 : 1))
            }
            scanned += 1
        }
        return nil
    }

    private mutating func read(_ line: ArraySlice<UInt8>) {
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = colon < line.endIndex ? line[(colon + 1)...] : []
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            // In place: an endpoint may send an event of many short lines.
            if event.data == nil {
                event.data = Array(value)
            } else {
                event.data?.append(UInt8(ascii: "\n"))
                event.data?.append(contentsOf: value)
            }
        case "event": event.name = String(decoding: value, as: UTF8.self)
        default: break
        }
    }
}
