/// Why bytes are not the JSON that was expected: at which byte, what follows there, and what is wrong.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Kinds of errors, for callers that answer them differently.
    public enum Kind: Sendable {
        /// The text is not strict JSON.
        case syntax
        /// The bytes are not UTF-8.
        case invalidUTF8
        /// The text is JSON, but not the object that is required.
        case notAnObject
    }

    /// The kind of error.
    public let kind: Kind
    /// The first byte that is wrong, from 0; the number of bytes if the text ends too early.
    public let offset: Int
    /// The line of that byte, from 1.
    public let line: Int
    /// The place of that byte in its line, in bytes from 1.
    public let column: Int
    /// What is wrong, without the place.
    public let reason: String
    /// The text from that byte on, at most 24 bytes; empty at the end.
    public let found: String

    init(kind: Kind, offset: Int, in bytes: [UInt8], reason: String) {
        self.kind = kind
        self.offset = offset
        self.reason = reason
        let before = bytes[..<offset]
        line = before.count { $0 == 0x0A } + 1
        column = offset - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        found = String(decoding: bytes[offset...].prefix(24), as: UTF8.self)
    }

    /// For people: the place, what follows there, and what is wrong.
    public var description: String {
        switch kind {
        case .syntax: "not JSON at \(place), before \(found.isEmpty ? "the end" : "\"\(found)\""): \(reason)"
        case .invalidUTF8: "not UTF-8 from \(place) on"
        case .notAnObject: reason
        }
    }

    private var place: String {
        line > 1 ? "byte \(offset + 1) (line \(line), column \(column))" : "byte \(offset + 1)"
    }
}

/// The first 80 characters, so that a message stays short.
func clipped(_ text: String) -> String {
    guard let end = text.index(text.startIndex, offsetBy: 80, limitedBy: text.endIndex), end < text.endIndex else {
        return text
    }
    return text[..<end] + "…"
}
