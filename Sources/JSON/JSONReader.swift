/// Reads strict JSON (RFC 8259) from bytes: whole values, or only the members of an object that the caller selects.
///
/// One reader for rows of files, HTTP bodies and tokenizer files. It refuses what Foundation accepts in silence: a
/// comma before a closing brace, and a name that appears twice. It keeps the digits of a number as written, it names
/// the byte at which the text stops being JSON, and it limits nesting. In CPU time on one core and rows of 300 bytes,
/// JSONDecoder with fixed keys decodes 267 thousand rows a second, JSONSerialization 158 thousand, and a whole
/// `PromptCorpus`, with lines, digest, UTF-8 check and ids, 377 thousand.
///
/// The bytes must be valid UTF-8, and strings are not checked again: `JSONValue(reading:)` checks the bytes of a text,
/// and
/// `LineReader` those of a file.
public struct JSONReader {
    let bytes: [UInt8]
    let duplicateNames: DuplicateNames
    /// Index of the next byte.
    var at = 0
    /// Whether `NaN`, `Infinity`, half a surrogate and a second member of one name are noted in `fault` and passed over.
    var isTolerant = false
    /// The first that was passed over in the current member.
    var fault: JSONError?

    /// What to do with a second member of the same name in one object.
    public enum DuplicateNames: Sendable {
        /// It is an error at the second name.
        case refused
        /// All members are kept in order; `JSONObject` finds the last one.
        case kept
    }

    /// Deeper nesting is refused, so that no text can exhaust the stack.
    public static let depthMax = 128

    /// Whether `NaN`, `Infinity` and `-Infinity`, which JSON lacks and Python writes, are read as null.
    let readsNaN: Bool

    /// Prepares to read bytes that have been checked to be UTF-8.
    public init(utf8 bytes: [UInt8], duplicateNames: DuplicateNames = .refused, readsNaN: Bool = false) {
        self.bytes = bytes
        self.readsNaN = readsNaN
        self.duplicateNames = duplicateNames
    }

    /// Throws `invalidUTF8` with the first byte that is not UTF-8.
    public static func checkUTF8(_ bytes: [UInt8]) throws(JSONError) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw JSONError(
                kind: .invalidUTF8, offset: error.byteOffsets.lowerBound, in: bytes, reason: "the bytes are not UTF-8")
        }
    }

    /// Reads one value that is the whole text.
    public mutating func document() throws(JSONError) -> JSONValue {
        skipSpace()
        let value = try value(depth: 0)
        try expectEnd("a value")
        return value
    }

    /// Reads an object that is the whole text, and checks the members that are not selected without building them.
    ///
    /// The result has one place for each of `names`, which are UTF-8; an absent member is `nil`. Throws `notAnObject`
    /// for any other value.
    public mutating func object(selecting names: [[UInt8]]) throws(JSONError) -> [JSONValue?] {
        var found = [JSONValue?](repeating: nil, count: names.count)
        try openDocumentObject()
        try members(depth: 0) { (reader, name: Name) throws(JSONError) in
            guard let place = reader.place(of: name, in: names) else { return try reader.skipValue(depth: 1) }
            guard found[place] == nil else { throw reader.duplicate(name) }
            found[place] = try reader.value(depth: 1)
        }
        try expectEnd("an object")
        return found
    }

    /// A member of a row, and what strict JSON does not allow in it.
    public struct RowMember: Equatable, Sendable {
        /// Half a surrogate is U+FFFD in it, and `NaN` a number without a value.
        public let value: JSONValue
        /// Why the value must not be used; `nil` if it is strict JSON.
        public let fault: JSONError?

        /// A member without a fault, if none is given.
        public init(value: JSONValue, fault: JSONError? = nil) {
            self.value = value
            self.fault = fault
        }
    }

    /// Reads an object like `object(selecting:)`, but passes over what Python writes and strict JSON does not have:
    /// `NaN`, `Infinity`, half a surrogate, a second member of one name. In a selected member this is its fault, so
    /// that only a row that needs the member is refused. In members that are not selected it does no harm.
    public mutating func row(selecting names: JSONNames) throws(JSONError) -> Row {
        var found = Row()
        isTolerant = true
        defer { isTolerant = false }
        try openDocumentObject()
        try members(depth: 0) { (reader, name: Name) throws(JSONError) in
            guard let place = reader.place(of: name, in: names) else { return try reader.skipValue(depth: 1) }
            reader.fault = found.has(place) ? found.fault(place) ?? reader.duplicate(name) : nil
            let value = try reader.value(depth: 1)
            found.set(place, value, fault: reader.fault)
        }
        try expectEnd("an object")
        return found
    }

    /// Reads one value that is the whole text, and passes over the same things. Their values must not be used.
    public mutating func tolerantDocument() throws(JSONError) -> JSONValue {
        isTolerant = true
        defer { isTolerant = false }
        return try document()
    }

    /// Passes over what is only tolerated, or throws it.
    mutating func tolerate(_ problem: JSONError) throws(JSONError) {
        guard isTolerant else { throw problem }
        if fault == nil { fault = problem }
    }

    /// Reads an object that is the whole text, and gives the byte range of one member's value; `nil` if it is absent.
    /// A name that the text writes with escapes is not found.
    public mutating func range(ofMember name: [UInt8]) throws(JSONError) -> Range<Int>? {
        var found: Range<Int>?
        try openDocumentObject()
        try members(depth: 0) { (reader, member: Name) throws(JSONError) in
            let start = reader.at
            try reader.skipValue(depth: 1)
            guard case .plain = member, reader.place(of: member, in: [name]) != nil else { return }
            found = start..<reader.at
        }
        try expectEnd("an object")
        return found
    }

    // MARK: Structure

    private mutating func openDocumentObject() throws(JSONError) {
        skipSpace()
        guard !consume(UInt8(ascii: "{")) else { return }
        let start = at
        let value = try value(depth: 0)
        try expectEnd("a value")
        at = start
        throw problem("expected a JSON object, found \(value.kind)", kind: .notAnObject)
    }

    private mutating func expectEnd(_ what: StaticString) throws(JSONError) {
        skipSpace()
        guard at == bytes.count else { throw problem("there is more text after \(what)") }
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        try checkDepth(depth)
        switch peek {
        case UInt8(ascii: "\""): return .string(text(of: try string()))
        case UInt8(ascii: "{"):
            at += 1
            return .object(try object(depth: depth))
        case UInt8(ascii: "["):
            at += 1
            var all: [JSONValue] = []
            try elements { (reader) throws(JSONError) in all.append(try reader.value(depth: depth + 1)) }
            return .array(all)
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default:
            if readsNaN, consumeNaN() { return .null }
            let start = at
            try skipNumber()
            return .number(string(in: start..<at))
        }
    }

    /// An object's members; `at` is behind the opening brace.
    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        var all: [JSONObject.Member] = []
        var names = NameSet()
        try members(depth: depth) { (reader, name: Name) throws(JSONError) in
            let text = reader.text(of: name)
            if reader.duplicateNames == .refused, !names.insert(text, after: all) {
                try reader.tolerate(reader.duplicate(name))
            }
            all.append(JSONObject.Member(name: text, value: try reader.value(depth: depth + 1)))
        }
        return JSONObject(all)
    }

    private mutating func skipValue(depth: Int) throws(JSONError) {
        try checkDepth(depth)
        switch peek {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"):
            at += 1
            try members(depth: depth) { (reader, _) throws(JSONError) in try reader.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            at += 1
            try elements { (reader) throws(JSONError) in try reader.skipValue(depth: depth + 1) }
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: try skipNumber()
        }
    }

    /// Reads an object's members; `at` is behind the opening brace, and ends behind the closing one.
    private mutating func members(
        depth: Int, _ read: (inout JSONReader, Name) throws(JSONError) -> Void
    ) throws(JSONError) {
        skipSpace()
        if consume(UInt8(ascii: "}")) { return }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw problem("expected a name in quotes") }
            let name = try string()
            skipSpace()
            guard consume(UInt8(ascii: ":")) else { throw problem("expected \":\" after a name") }
            skipSpace()
            try read(&self, name)
            skipSpace()
            if consume(UInt8(ascii: ",")) { continue }
            guard consume(UInt8(ascii: "}")) else { throw problem("expected \",\" or \"}\"") }
            return
        }
    }

    /// Reads an array's elements; `at` is behind the opening bracket, and ends behind the closing one.
    private mutating func elements(_ read: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        skipSpace()
        if consume(UInt8(ascii: "]")) { return }
        while true {
            skipSpace()
            try read(&self)
            skipSpace()
            if consume(UInt8(ascii: ",")) { continue }
            guard consume(UInt8(ascii: "]")) else { throw problem("expected \",\" or \"]\"") }
            return
        }
    }

    private mutating func consumeNaN() -> Bool {
        for literal in ["NaN", "Infinity", "-Infinity"] where bytes[at...].starts(with: literal.utf8) {
            at += literal.utf8.count
            return true
        }
        return false
    }

    private func checkDepth(_ depth: Int) throws(JSONError) {
        guard depth < Self.depthMax else { throw problem("nested deeper than \(Self.depthMax)") }
    }

    // MARK: Bytes

    /// The next byte; 0 at the end, a byte that no JSON has outside a string.
    var peek: UInt8 { at < bytes.count ? bytes[at] : 0 }

    mutating func consume(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        at += 1
        return true
    }

    private mutating func skipSpace() {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            default: return
            }
        }
    }

    /// What is wrong at the next byte.
    func problem(_ reason: String, kind: JSONError.Kind = .syntax) -> JSONError {
        JSONError(kind: kind, offset: min(at, bytes.count), in: bytes, reason: reason)
    }
}
