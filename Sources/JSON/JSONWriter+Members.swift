// Objects, arrays and their members, with commas in the right places.

extension JSONWriter {
    private mutating func key(_ key: StaticString) {
        comma()
        raw("\"")
        raw(key)
        raw("\":")
    }

    /// A comma, unless the last byte opens an object or array, or ends a line or a name.
    public mutating func comma() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\n"), UInt8(ascii: ":"): break
        default: raw(",")
        }
    }

    /// A string as a member; `nil` is `null`.
    public mutating func member(_ name: StaticString, _ text: String?) {
        key(name)
        if let text { string(text) } else { raw("null") }
    }

    /// A whole number as a member; `nil` is `null`.
    public mutating func member(_ name: StaticString, _ value: Int?) {
        key(name)
        if let value { number(value) } else { raw("null") }
    }

    /// A number as a member; `nil` is `null`.
    public mutating func member(_ name: StaticString, _ value: Double?) {
        key(name)
        if let value { number(value) } else { raw("null") }
    }

    /// A number as a member; `nil` is `null`.
    public mutating func member(_ name: StaticString, _ value: Float?) {
        key(name)
        if let value { number(value) } else { raw("null") }
    }

    /// A boolean as a member.
    public mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        raw(value ? "true" : "false")
    }

    /// An array of numbers as a member.
    public mutating func member(_ name: StaticString, _ values: [Double]) {
        array(name, values) { $0.number($1) }
    }

    /// An array of strings as a member.
    public mutating func member(_ name: StaticString, _ values: [String]) {
        array(name, values) { $0.string($1) }
    }

    /// An array as a member; `write` writes one element.
    public mutating func array<Element>(
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
    public mutating func object(_ name: StaticString, _ members: (inout JSONWriter) -> Void) {
        key(name)
        object(members)
    }

    /// `null` as a member.
    public mutating func null(_ name: StaticString) {
        key(name)
        raw("null")
    }

    /// An object that is no member.
    public mutating func object(_ members: (inout JSONWriter) -> Void) {
        raw("{")
        members(&self)
        raw("}")
    }

    /// The bytes of an object.
    public static func object(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.object(members)
        return json.bytes
    }
}
