/// A span that has ended: what an exporter sends.
package struct SpanRecord: Hashable, Sendable {
    /// What a span is to its parent, as OpenTelemetry has it.
    package enum Kind: Sendable { case `internal`, server, client, producer, consumer }

    /// Its trace and id.
    package let context: TraceContext
    /// The span that it is part of; `nil` for the first of its trace.
    package let parent: SpanID?
    /// A name with few different values: ids are attributes.
    package var name: String
    package let kind: Kind
    /// Nanoseconds since 1970.
    package let start: UInt64
    /// Nanoseconds since 1970, not before `start`.
    package var end: UInt64
    /// In the order in which they were set. Never a prompt's text.
    package var attributes: [Attribute] = []
    /// What went wrong; `nil` where nothing did.
    package var failure: String?

    /// A fact of a span.
    package struct Attribute: Hashable, Sendable {
        package let name: String
        package let value: SpanValue
    }

    package init(
        _ context: TraceContext, parent: SpanID?, name: String, kind: Kind, start: UInt64, end: UInt64
    ) {
        self.context = context
        self.parent = parent
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
    }

    /// Sets an attribute; a later value replaces an earlier one.
    package mutating func set(_ name: String, _ value: SpanValue) {
        attributes.removeAll { $0.name == name }
        attributes.append(Attribute(name: name, value: value))
    }

    /// The value of an attribute.
    package subscript(name: String) -> SpanValue? { attributes.first { $0.name == name }?.value }
}

/// The value of an attribute.
package enum SpanValue: Hashable, Sendable {
    case text(String)
    case integer(Int)
    case decimal(Double)
    case flag(Bool)
}
