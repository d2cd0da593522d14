import Foundation
import SwiftProtobuf
import Traces

// Spans as messages of OTLP, the protocol of OpenTelemetry's collectors.

extension OTLPExportTraceServiceRequest {
    /// One request with spans of this process.
    init(_ spans: [SpanRecord], resource attributes: [String: String], version: String) {
        self.init()
        var scope = OTLPScopeSpans()
        scope.scope = .with {
            $0.name = "statezero"
            $0.version = version
        }
        scope.spans = spans.map { OTLPSpan($0) }
        resourceSpans = [
            .with { resource in
                resource.resource.attributes = attributes.sorted { $0.key < $1.key }
                    .map { OTLPKeyValue($0.key, .text($0.value)) }
                resource.scopeSpans = [scope]
            }
        ]
    }
}

extension OTLPSpan {
    init(_ span: SpanRecord) {
        self.init()
        traceID = Data(span.context.trace.bytes)
        spanID = Data(span.context.span.bytes)
        if let state = span.context.state { traceState = state.text }
        if let parent = span.parent { parentSpanID = Data(parent.bytes) }
        name = span.name
        kind = OTLPSpan.SpanKind(span.kind)
        startTimeUnixNano = span.start
        endTimeUnixNano = span.end
        attributes = span.attributes.map { OTLPKeyValue($0.name, $0.value) }
        flags = span.context.flags
        if let failure = span.failure {
            status = .with {
                $0.code = .error
                $0.message = failure
            }
        }
    }
}

extension OTLPSpan.SpanKind {
    init(_ kind: SpanRecord.Kind) {
        self =
            switch kind {
            case .internal: .internal
            case .server: .server
            case .client: .client
            case .producer: .producer
            case .consumer: .consumer
            }
    }
}

extension OTLPKeyValue {
    init(_ name: String, _ attribute: SpanValue) {
        self.init()
        key = name
        switch attribute {
        case .text(let text): value.stringValue = text
        case .integer(let number): value.intValue = Int64(number)
        case .decimal(let number): value.doubleValue = number
        case .flag(let flag): value.boolValue = flag
        }
    }
}
