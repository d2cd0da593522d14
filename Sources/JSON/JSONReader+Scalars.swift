// Strings with their escapes, numbers, and the literals true, false and null.

extension JSONReader {
    /// A string: the range of its bytes between the quotes, or its text where it has escapes.
    enum Name {
        case plain(Range<Int>)
        case escaped(String)
    }

    /// The index in `names` of a member's name, compared byte by byte.
    func place(of name: Name, in names: [[UInt8]]) -> Int? {
        switch name {
        case .escaped(let text): return names.firstIndex { $0.elementsEqual(text.utf8) }
        case .plain(let range):
            return names.firstIndex { key in
                guard key.count == range.count else { return false }
                for i in 0..<key.count where key[i] != bytes[range.lowerBound + i] { return false }
                return true
            }
        }
    }

    /// The place of a member's name.
    func place(of name: Name, in names: JSONNames) -> Int? {
        switch name {
        case .escaped(let text): return names.find(text)
        case .plain(let range): return names.find(bytes.span, range)
        }
    }

    func text(of name: Name) -> String {
        switch name {
        case .escaped(let text): text
        case .plain(let range): string(in: range)
        }
    }

    /// Bytes between two ASCII bytes as a string. The whole text is known to be UTF-8, so a part that begins and ends
    /// at characters is too; checking it again costs a fifth of the time of a large vocabulary.
    func string(in range: Range<Int>) -> String { String(copying: UTF8Span(unchecked: bytes.span.extracting(range))) }

    func duplicate(_ name: Name) -> JSONError {
        problem("the key \"\(clipped(text(of: name)))\" appears twice")
    }

    /// Reads a string; `at` is at its opening quote, and ends behind its closing one.
    mutating func string() throws(JSONError) -> Name {
        at += 1
        let start = at
        at = plainEnd(from: at)
        guard at < bytes.count else { throw problem("the text ends inside a string") }
        switch bytes[at] {
        case UInt8(ascii: "\""):
            at += 1
            return .plain(start..<at - 1)
        case UInt8(ascii: "\\"): return .escaped(try escapedString(from: start))
        default: throw problem("a control character in a string is not escaped")
        }
    }

    /// The first byte from `start` on that is a quote, a backslash or a control character; the number of bytes if there is
    /// none. Eight bytes at a time: long texts are most of a corpus.
    private func plainEnd(from start: Int) -> Int {
        let span = bytes.span.bytes
        var place = start
        while place + 8 <= span.byteCount {
            let word = UInt64(littleEndian: span.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self))
            let stops = Self.stops(in: word)
            if stops != 0 { return place + stops.trailingZeroBitCount >> 3 }
            place += 8
        }
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0..<0x20: return place
            default: place += 1
            }
        }
        return place
    }

    /// The upper bit of the first byte of a word that ends a plain string; bits above it mean nothing.
    ///
    /// A byte is 0 where it was subtracted from itself, and a subtraction borrows from the bytes above only.
    private static func stops(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let upperBits: UInt64 = 0x8080_8080_8080_8080
        let quote = word ^ ones &* 0x22
        let backslash = word ^ ones &* 0x5C
        let below = word &- ones &* 0x20
        return ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | below & ~word) & upperBits
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<at])
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                at += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                at += 1
                try escape(into: &text)
            case 0..<0x20: throw problem("a control character in a string is not escaped")
            default:
                let end = plainEnd(from: at)
                text.append(contentsOf: bytes[at..<end])
                at = end
            }
        }
        throw problem("the text ends inside a string")
    }

    /// Reads one escape; `at` is behind the backslash.
    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let letter = peek
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "u"):
            at += 1
            return text.append(contentsOf: String(try unicodeEscape()).utf8)
        default: throw problem("an unknown escape after \"\\\"")
        }
        at += 1
    }

    /// Reads the digits of a `\u` escape, and the second escape of a surrogate pair; `at` is behind the `u`.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        var code = try hexadecimal()
        if code & 0xFC00 == 0xD800, peek == UInt8(ascii: "\\"), at + 1 < bytes.count,
            bytes[at + 1] == UInt8(ascii: "u")
        {
            at += 2
            let low = try hexadecimal()
            guard low & 0xFC00 == 0xDC00 else { return try replacement() }
            code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
        }
        // A lone surrogate is no character: UTF-8 cannot hold it and a model cannot read it.
        guard let scalar = Unicode.Scalar(code) else { return try replacement() }
        return scalar
    }

    /// Stands for half a surrogate pair, where that is tolerated.
    private mutating func replacement() throws(JSONError) -> Unicode.Scalar {
        try tolerate(problem("half a surrogate pair in a \\u escape"))
        return "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            let byte = peek
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): code = code << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): code = code << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): code = code << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw problem("a \\u escape needs four hexadecimal digits")
            }
            at += 1
        }
        return code
    }

    /// Reads past a number.
    mutating func skipNumber() throws(JSONError) {
        let isNegative = consume(UInt8(ascii: "-"))
        guard isDigit else { return try skipNotANumber(isNegative: isNegative) }
        if !consume(UInt8(ascii: "0")) { skipDigits() }
        guard !isDigit else { throw problem("a number must not start with 0") }
        if consume(UInt8(ascii: ".")) {
            guard isDigit else { throw problem("expected a digit after \".\"") }
            skipDigits()
        }
        if consume(UInt8(ascii: "e")) || consume(UInt8(ascii: "E")) {
            if !consume(UInt8(ascii: "+")) { _ = consume(UInt8(ascii: "-")) }
            guard isDigit else { throw problem("expected a digit in the exponent") }
            skipDigits()
        }
    }

    private mutating func skipNotANumber(isNegative: Bool) throws(JSONError) {
        // Python's json writes these for floats that JSON cannot express.
        guard let word = ["NaN", "Infinity"].first(where: { bytes[at...].starts(with: $0.utf8) }) else {
            throw problem(isNegative ? "expected a digit after \"-\"" : "expected a value")
        }
        try tolerate(problem("NaN and Infinity are not JSON, write null"))
        at += word.utf8.count
    }

    private var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= peek }

    private mutating func skipDigits() {
        while isDigit { at += 1 }
    }

    /// Reads past `true`, `false` or `null`.
    mutating func literal(_ literal: StaticString) throws(JSONError) {
        let count = literal.utf8CodeUnitCount
        let matches =
            at + count <= bytes.count && literal.withUTF8Buffer { $0.elementsEqual(bytes[at..<at + count]) }
        guard matches else { throw problem("expected a value") }
        at += count
    }
}
