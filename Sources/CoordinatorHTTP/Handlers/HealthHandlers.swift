import Cluster
import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import JSON
import MetricsExport
import NIOCore

/// Answers what operators and their machines ask: health, readiness, status, metrics.
struct HealthHandlers: Sendable {
    let coordinator: CoordinatorClient
    /// The program's version.
    let version: String
    let timeouts: Timeouts

    /// `GET /livez`: whether the coordinator's own thread answers. That HTTP answers is not enough.
    func isLive() async throws -> Response {
        _ = try await coordinator.report(of: .all, within: timeouts.answer)
        return .json { $0.member("status", "live") }
    }

    /// `GET /readyz`: whether plans can be more than uniform.
    func isReady() async throws -> Response {
        let report = try await coordinator.report(of: .all, within: timeouts.answer)
        guard report.workers > 0 else {
            throw HTTPFailure(
                .serviceUnavailable, .noWorker,
                report.model.isEmpty
                    ? "no worker with a model has joined yet; start one with: statezero worker --connect ENDPOINT"
                    : "no worker is alive at present; plans would be uniform",
                retryAfter: 2)
        }
        return .json { json in
            json.member("status", "ready")
            json.member("model", report.model)
            json.member("workers", report.workers)
        }
    }

    /// `GET /v1/status`: the coordinator's report.
    func status(of scope: Scope) async throws -> Response {
        let report = try await coordinator.report(of: scope, within: timeouts.answer)
        let encoder = JSONEncoder.line
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let status = Status(version: version, time: Date().timeIntervalSince1970, coordinator: report)
        return .json(Array(try encoder.encode(status)))
    }

    private struct Status: Encodable {
        let version: String
        /// Seconds since 1970 by this machine's clock, so that others can compare theirs.
        let time: Double
        let coordinator: CoordinatorReport
    }

    /// `GET /metrics`: the report and HTTP's own counts, as Prometheus reads them.
    func metrics(_ metrics: CoordinatorMetrics, of scope: Scope) async throws -> Response {
        let report = try await coordinator.report(of: scope, within: timeouts.answer)
        return Response(
            status: .ok, headers: [.contentType: PrometheusExporter.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text(report, of: scope))))
    }
}
