import Foundation

/// Reads one JSON text (RFC 8259), strictly: no comments, no trailing commas, no lone surrogates.
struct JSONReader {
    private let bytes: [UInt8]
    private let path: String
    private var index = 0

    /// Deep enough for any tokenizer file, shallow enough for any stack.
    private static let depthMax = 64

    /// The value of a whole text; `path` is for messages.
    static func value(of bytes: [UInt8], path: String) throws(TokenizerError) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .malformedJSON(path: path, offset: 0, reason: "not valid UTF-8")
        }
        var reader = JSONReader(bytes: bytes, path: path)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.index == bytes.count else { throw reader.malformed("something follows the value") }
        return value
    }

    /// The value of a whole file.
    static func value(ofFile path: String) throws(TokenizerError) -> JSONValue {
        try value(of: bytes(ofFile: path), path: path)
    }

    /// A whole file.
    static func bytes(ofFile path: String) throws(TokenizerError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
    }

    private init(bytes: [UInt8], path: String) {
        self.bytes = bytes
        self.path = path
    }

    private mutating func value(depth: Int) throws(TokenizerError) -> JSONValue {
        guard depth < Self.depthMax else { throw malformed("nested deeper than \(Self.depthMax)") }
        skipSpace()
        guard let byte = peek else { throw malformed("the text ends here") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw malformed("no value starts like this")
        }
    }

    private mutating func object(depth: Int) throws(TokenizerError) -> JSONValue {
        var members: [JSONValue.Member] = []
        index += 1
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw malformed("a name in quotes was expected") }
            let name = try string()
            skipSpace()
            guard take(":") else { throw malformed("':' was expected") }
            members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw malformed("',' or '}' was expected") }
        }
    }

    private mutating func array(depth: Int) throws(TokenizerError) -> JSONValue {
        var elements: [JSONValue] = []
        index += 1
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw malformed("',' or ']' was expected") }
        }
    }

    /// A slice of the file as long as nothing is escaped, a copy from then on.
    private mutating func string() throws(TokenizerError) -> ArraySlice<UInt8> {
        index += 1
        let start = index
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { index += 1 }
        if peek == UInt8(ascii: "\"") {
            index += 1
            return bytes[start..<(index - 1)]
        }
        var text = Array(bytes[start..<index])
        while let byte = peek {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return text[...]
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw malformed("a control character in a string")
            default: text.append(byte)
            }
        }
        throw malformed("a string without end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(TokenizerError) {
        guard let byte = peek else { throw malformed("a string without end") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourDigits()
            if (0xD800..<0xDC00).contains(code) {
                guard take("\\"), take("u") else { throw malformed("a lone surrogate") }
                let low = try fourDigits()
                guard (0xDC00..<0xE000).contains(low) else { throw malformed("a lone surrogate") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw malformed("a lone surrogate") }
            text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        default: throw malformed("an unknown escape")
        }
    }

    private mutating func fourDigits() throws(TokenizerError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw malformed("four hexadecimal digits were expected")
            }
            index += 1
            code = code << 4 | UInt32(digit)
        }
        return code
    }

    private mutating func number() throws(TokenizerError) -> JSONValue {
        let start = index
        while let byte = peek, Self.isNumeric(byte) { index += 1 }
        // Ids are all there are in a vocabulary: up to nine digits need no text.
        let characters = bytes[start..<index]
        if characters.count < 10, characters.count == 1 || characters.first != UInt8(ascii: "0"),
            characters.allSatisfy({ 0x30...0x39 ~= $0 })
        {
            return .integer(characters.reduce(0) { $0 * 10 + Int($1 - 0x30) })
        }
        let text = String(decoding: characters, as: UTF8.self)
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        if digits.count > 1, digits.first == UInt8(ascii: "0"), digits.dropFirst().allSatisfy({ 0x30...0x39 ~= $0 }) {
            throw malformed("a number that starts with 0: \(text)")
        }
        if let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw malformed("not a number: \(text)") }
        return .number(number)
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "E"), UInt8(ascii: "e"):
            true
        default: false
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(TokenizerError) -> JSONValue {
        let word = Array("\(word)".utf8)
        guard bytes[index...].starts(with: word) else { throw malformed("no value starts like this") }
        index += word.count
        return value
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private func malformed(_ reason: String) -> TokenizerError {
        .malformedJSON(path: path, offset: index, reason: reason)
    }
}
