package import ArgumentParser
import Foundation
package import Logging
package import TraceExport
package import Traces

/// `--otlp-endpoint`: where spans are exported. By default nothing is traced.
package struct TraceOptions: ParsableArguments {
    @Option(
        help: """
            Export spans to this collector of OpenTelemetry, such as http://127.0.0.1:4318 (OTLP over HTTP). Default: the \
            variable OTEL_EXPORTER_OTLP_ENDPOINT, else none.
            """)
    package var otlpEndpoint: String?

    package init() {}

    package func validate() throws {
        guard let otlpEndpoint, !OTLPSettings.isAddress(otlpEndpoint) else { return }
        throw ValidationError("--otlp-endpoint \(otlpEndpoint): not an http:// or https:// address")
    }

    /// The endpoint as arguments of another process.
    package var arguments: [String] { otlpEndpoint.map { ["--otlp-endpoint", $0] } ?? [] }

    /// Starts an exporter for a service; `nil` where nothing is traced.
    ///
    /// - Parameter name: Distinguishes this process from others of the service.
    package func exporter(_ service: String, name: String? = nil, _ logger: Logger) throws -> OTLPExporter? {
        let process = ProcessInfo.processInfo
        guard
            var settings = OTLPSettings(endpoint: otlpEndpoint, service: service, variables: process.environment)
        else {
            for warning in OTLPSettings.warnings(process.environment) { logger.warning("\(warning)") }
            return nil
        }
        let facts = [
            "service.version": Version.text,
            "service.instance.id": name ?? "\(process.hostName)/\(process.processIdentifier)",
            "host.name": process.hostName, "process.pid": "\(process.processIdentifier)",
        ]
        settings.resource.merge(facts) { given, _ in given }
        return try OTLPExporter(settings, version: Version.text, logger: logger)
    }

    /// Runs a command within a span of its own, a child of the one in the variables `TRACEPARENT` and `TRACESTATE`, if there
    /// is one.
    ///
    /// Its spans are exported before this returns, within some seconds.
    package func run(
        _ command: String, service: String, _ logger: Logger, _ body: (Span?) throws -> Void
    ) throws {
        guard let exporter = try exporter(service, logger) else { return try body(nil) }
        defer { exporter.stop() }
        let variables = ProcessInfo.processInfo.environment
        let parent = TraceContext(
            traceparent: [variables["TRACEPARENT"] ?? ""], tracestate: [variables["TRACESTATE"] ?? ""])
        let span = exporter.tracer.start(command, .internal, parent: parent)
        do {
            try Span.$current.withValue(span) { try body(span) }
            span.end()
        } catch {
            // Not the error's text, which may quote a prompt.
            let status = error as? ExitStatus
            span.set("process.exit.code", Int(status?.rawValue ?? ExitStatus.failed.rawValue))
            span.end(failure: status == .finishedWithErrorRows ? nil : status == .resumable ? "interrupted" : "failed")
            throw error
        }
    }
}
