import SwiftProtobuf

/// An enumeration that is sent as one of protobuf's. A value that is not known is refused: to guess it would hide it.
protocol WireEnumeration: Equatable, Sendable {
    /// Protobuf's enumeration.
    associatedtype Proto: SwiftProtobuf.Enum
    /// The field's name, for errors.
    static var field: String { get }
    /// Each case with its value; a test checks that none is missing.
    static var protos: KeyValuePairs<Self, Proto> { get }
}

extension WireEnumeration {
    /// The value that is sent.
    var proto: Proto {
        guard let pair = Self.protos.first(where: { $0.key == self }) else {
            preconditionFailure("\(Self.self).\(self) has no value on the wire; add it to protos")
        }
        return pair.value
    }

    /// Reads a value. Throws `badField`.
    init(_ proto: Proto) throws(WireError) {
        guard let pair = Self.protos.first(where: { $0.value == proto }) else {
            throw .badField(Self.field, found: "\(proto.rawValue)")
        }
        self = pair.key
    }
}
