import Corpora

// Members in the order in which they are told, with commas where they belong.

extension JSONWriter {
    private mutating func key(_ key: StaticString) {
        comma()
        raw("\"")
        raw(key)
        raw("\":")
    }

    /// A comma, unless an object or array has just been opened or a line begun.
    mutating func comma() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\n"), UInt8(ascii: ":"): break
        default: raw(",")
        }
    }

    mutating func member(_ name: StaticString, _ text: String?) {
        key(name)
        if let text { string(text) } else { raw("null") }
    }

    mutating func member(_ name: StaticString, _ value: Int?) {
        key(name)
        if let value { number(value) } else { raw("null") }
    }

    mutating func member(_ name: StaticString, _ value: Double?) {
        key(name)
        if let value { number(value) } else { raw("null") }
    }

    mutating func member(_ name: StaticString, _ value: Float?) {
        key(name)
        if let value { number(value) } else { raw("null") }
    }

    mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        raw(value ? "true" : "false")
    }

    mutating func member(_ name: StaticString, _ values: [Double]) {
        array(name, values) { $0.number($1) }
    }

    mutating func member(_ name: StaticString, _ values: [String]) {
        array(name, values) { $0.string($1) }
    }

    mutating func array<Element>(
        _ name: StaticString, _ elements: some Sequence<Element>, _ write: (inout JSONWriter, Element) -> Void
    ) {
        key(name)
        raw("[")
        for element in elements {
            comma()
            write(&self, element)
        }
        raw("]")
    }

    /// An object as a member.
    mutating func object(_ name: StaticString, _ members: (inout JSONWriter) -> Void) {
        key(name)
        object(members)
    }

    /// `null` as a member.
    mutating func null(_ name: StaticString) {
        key(name)
        raw("null")
    }

    /// An object that stands by itself.
    mutating func object(_ members: (inout JSONWriter) -> Void) {
        raw("{")
        members(&self)
        raw("}")
    }

    /// The bytes of an object.
    static func object(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.object(members)
        return json.bytes
    }
}
