/// A strict JSON (RFC 8259) reader for one line: takes the members that are wanted and validates the rest in passing.
///
/// In CPU time on one core and 300-byte rows, JSONDecoder with fixed keys decodes 267 thousand rows a second and
/// JSONSerialization, for keys found out at run time, 158; a whole `PromptCorpus`, with lines, digest, UTF-8 check and
/// ids,
/// reads 377. What weighed more: Foundation takes a comma before a closing brace, keeps one of two equal keys in
/// silence, and makes a long id a rounded number. This one refuses, says the byte, and bounds nesting.
struct JSONScanner {
    private let bytes: [UInt8]
    /// What the bytes are, for messages.
    private let whole: Whole
    private var at = 0

    /// What is read.
    enum Whole: String {
        case line, body
    }

    /// Deeper nesting is refused, so that no line can exhaust the stack.
    static let depthMax = 128

    init(_ bytes: [UInt8], whole: Whole = .line) {
        self.bytes = bytes
        self.whole = whole
    }

    /// Reads one value that is all of the bytes.
    mutating func document() throws(RowProblem) -> JSONValue {
        skipSpace()
        let value = try value(depth: 1)
        skipSpace()
        guard at == bytes.count else { throw problem("there is more after the value's end") }
        return value
    }

    /// Reads an object that is the whole line. The answer has a place for each of `keys`; `nil` is an absent one.
    mutating func object(taking keys: [[UInt8]]) throws(RowProblem) -> [JSONValue?] {
        var found = [JSONValue?](repeating: nil, count: keys.count)
        skipSpace()
        guard peek == UInt8(ascii: "{") else {
            let value = try value(depth: 1)
            skipSpace()
            guard at == bytes.count else { throw problem("expected a JSON object, one a line") }
            throw RowProblem(
                code: .badType, message: "expected a JSON object, found \(value.kind); give one object a line")
        }
        at += 1
        try members(depth: 1) { (scanner, name: Name) throws(RowProblem) in
            guard let place = scanner.place(of: name, in: keys) else { return try scanner.skipValue(depth: 1) }
            guard found[place] == nil else {
                throw scanner.problem("the key \"\(scanner.text(of: name))\" stands twice")
            }
            found[place] = try scanner.value(depth: 1)
        }
        skipSpace()
        guard at == bytes.count else { throw problem("there is more after the object's end; give one object a line") }
        return found
    }

    /// A member's name: its bytes between the quotes, or the text where it has escapes.
    private enum Name {
        case plain(Range<Int>)
        case escaped(String)
    }

    private func place(of name: Name, in keys: [[UInt8]]) -> Int? {
        switch name {
        case .escaped(let text): return keys.firstIndex { $0.elementsEqual(text.utf8) }
        case .plain(let range):
            return keys.firstIndex { key in
                guard key.count == range.count else { return false }
                for i in 0..<key.count where key[i] != bytes[range.lowerBound + i] { return false }
                return true
            }
        }
    }

    private func text(of name: Name) -> String {
        switch name {
        case .escaped(let text): text
        case .plain(let range): String(decoding: bytes[range], as: UTF8.self)
        }
    }

    /// Goes through an object's members; `at` is behind the opening brace, and ends behind the closing one.
    private mutating func members(
        depth: Int, _ take: (inout JSONScanner, Name) throws(RowProblem) -> Void
    ) throws(RowProblem) {
        skipSpace()
        if consume(UInt8(ascii: "}")) { return }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw problem("expected a key in quotes") }
            at += 1
            let name = try name()
            skipSpace()
            guard consume(UInt8(ascii: ":")) else { throw problem("expected \":\" after a key") }
            skipSpace()
            try take(&self, name)
            skipSpace()
            if consume(UInt8(ascii: ",")) { continue }
            guard consume(UInt8(ascii: "}")) else { throw problem("expected \",\" or \"}\"") }
            return
        }
    }

    /// Goes through an array's elements; `at` is behind the opening bracket.
    private mutating func elements(_ take: (inout JSONScanner) throws(RowProblem) -> Void) throws(RowProblem) {
        skipSpace()
        if consume(UInt8(ascii: "]")) { return }
        while true {
            skipSpace()
            try take(&self)
            skipSpace()
            if consume(UInt8(ascii: ",")) { continue }
            guard consume(UInt8(ascii: "]")) else { throw problem("expected \",\" or \"]\"") }
            return
        }
    }

    private mutating func value(depth: Int) throws(RowProblem) -> JSONValue {
        guard depth < Self.depthMax else { throw problem("nested deeper than \(Self.depthMax)") }
        switch peek {
        case UInt8(ascii: "\""):
            at += 1
            switch try name() {
            case .plain(let range): return .string(String(decoding: bytes[range], as: UTF8.self))
            case .escaped(let text): return .string(text)
            }
        case UInt8(ascii: "{"):
            at += 1
            var all: [String: JSONValue] = [:]
            try members(depth: depth + 1) { (scanner, name: Name) throws(RowProblem) in
                let key = scanner.text(of: name)
                let value = try scanner.value(depth: depth + 1)
                guard all.updateValue(value, forKey: key) == nil else {
                    throw scanner.problem("the key \"\(clipped(key))\" stands twice")
                }
            }
            return .object(all)
        case UInt8(ascii: "["):
            at += 1
            var all: [JSONValue] = []
            try elements { (scanner) throws(RowProblem) in all.append(try scanner.value(depth: depth + 1)) }
            return .array(all)
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default:
            let start = at
            try skipNumber()
            return .number(String(decoding: bytes[start..<at], as: UTF8.self))
        }
    }

    private mutating func skipValue(depth: Int) throws(RowProblem) {
        guard depth < Self.depthMax else { throw problem("nested deeper than \(Self.depthMax)") }
        switch peek {
        case UInt8(ascii: "\""):
            at += 1
            _ = try name()
        case UInt8(ascii: "{"):
            at += 1
            try members(depth: depth + 1) { (scanner, _) throws(RowProblem) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            at += 1
            try elements { (scanner) throws(RowProblem) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try skipNumber()
        }
    }

    /// A string's inside; `at` is behind the opening quote, and ends behind the closing one.
    private mutating func name() throws(RowProblem) -> Name {
        let start = at
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") {
                at += 1
                return .plain(start..<at - 1)
            }
            if byte == UInt8(ascii: "\\") { return .escaped(try escapedString(from: start)) }
            guard byte >= 0x20 else { throw problem("a control character stands in a string unescaped") }
            at += 1
        }
        throw problem("the \(whole) ends inside a string")
    }

    private mutating func escapedString(from start: Int) throws(RowProblem) -> String {
        var text = Array(bytes[start..<at])
        text.reserveCapacity(bytes.count - start)
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20:
                at -= 1
                throw problem("a control character stands in a string unescaped")
            default: text.append(byte)
            }
        }
        throw problem("the \(whole) ends inside a string")
    }

    /// One escape; `at` is behind the backslash.
    private mutating func escape(into text: inout [UInt8]) throws(RowProblem) {
        let letter = peek
        at += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if code & 0xFC00 == 0xD800, peek == UInt8(ascii: "\\"), at + 1 < bytes.count,
                bytes[at + 1] == UInt8(ascii: "u")
            {
                at += 2
                let low = try hexadecimal()
                guard low & 0xFC00 == 0xDC00 else { throw problem("half a surrogate pair in a \\u escape") }
                code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
            }
            // A lone surrogate is no character: UTF-8 cannot hold it and a model cannot read it.
            guard let scalar = Unicode.Scalar(code) else { throw problem("half a surrogate pair in a \\u escape") }
            text.append(contentsOf: String(scalar).utf8)
        default:
            at -= 1
            throw problem("an unknown escape after \"\\\"")
        }
    }

    private mutating func hexadecimal() throws(RowProblem) -> UInt32 {
        guard at + 4 <= bytes.count else { throw problem("a \\u escape needs four hexadecimal digits") }
        var code: UInt32 = 0
        for byte in bytes[at..<at + 4] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): code = code << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): code = code << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): code = code << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw problem("a \\u escape needs four hexadecimal digits")
            }
        }
        at += 4
        return code
    }

    private mutating func skipNumber() throws(RowProblem) {
        let start = at
        _ = consume(UInt8(ascii: "-"))
        guard isDigit else {
            at = start
            throw problem(startsNotANumber ? "NaN and Infinity are not JSON, write null" : "expected a value")
        }
        if !consume(UInt8(ascii: "0")) { skipDigits() }
        if consume(UInt8(ascii: ".")) {
            guard isDigit else { throw problem("expected a digit after \".\"") }
            skipDigits()
        }
        if consume(UInt8(ascii: "e")) || consume(UInt8(ascii: "E")) {
            if !consume(UInt8(ascii: "+")) { _ = consume(UInt8(ascii: "-")) }
            guard isDigit else { throw problem("expected a digit in the exponent") }
            skipDigits()
        }
        guard !isDigit else { throw problem("a number begins with a needless 0") }
    }

    // What Python's json writes for floats that JSON has no word for.
    private var startsNotANumber: Bool {
        ["NaN", "Infinity", "-Infinity"].contains { bytes[at...].starts(with: $0.utf8) }
    }

    private mutating func word(_ word: StaticString) throws(RowProblem) {
        let count = word.utf8CodeUnitCount
        let matches = at + count <= bytes.count && word.withUTF8Buffer { $0.elementsEqual(bytes[at..<at + count]) }
        guard matches else { throw problem("expected a value") }
        at += count
    }

    /// The byte at hand; 0 behind the end, which no JSON has outside a string.
    private var peek: UInt8 { at < bytes.count ? bytes[at] : 0 }

    private var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= peek }

    private mutating func skipDigits() {
        while isDigit { at += 1 }
    }

    private mutating func consume(_ byte: UInt8) -> Bool {
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

    /// What is wrong, at which byte (from 1), and what stands there.
    private func problem(_ what: String) -> RowProblem {
        let rest = String(decoding: bytes[min(at, bytes.count)...].prefix(24), as: UTF8.self)
        let found = at >= bytes.count ? "the \(whole)'s end" : "\"\(rest)\""
        return RowProblem(
            code: .badJSON,
            message:
                "not JSON at byte \(at + 1), before \(found): \(what); \(whole == .line ? "fix or remove the line" : "fix it")"
        )
    }
}
