import Cluster
import JSON
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

// What operators and their machines look at.

extension PlanHandlers {
    /// `GET /livez`: whether the coordinator's own thread answers; a server that answers for a hung one helps nobody.
    func isLive() async throws -> Response {
        _ = try await door.reportInTime(patience.answer)
        return RequestResponder.json(JSONWriter.object { $0.member("status", "live") })
    }

    /// `GET /readyz`: whether plans can be more than uniform.
    func isReady() async throws -> Response {
        let report = try await door.reportInTime(patience.answer)
        guard report.workers > 0 else {
            throw APIError(
                status: .serviceUnavailable, code: .noWorker,
                message: report.model.isEmpty
                    ? "no worker with a model has come yet; start one with: statezero worker --connect ENDPOINT"
                    : "no worker is alive at present; plans would be uniform",
                retryAfter: 2)
        }
        return RequestResponder.json(
            JSONWriter.object { json in
                json.member("status", "ready")
                json.member("model", report.model)
                json.member("workers", report.workers)
            })
    }

    /// `GET /v1/status`: the coordinator's report.
    func status() async throws -> Response {
        let report = try await door.reportInTime(patience.answer)
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        return RequestResponder.json(try encoder.encode(Status(version: version, coordinator: report)).map { $0 })
    }

    private struct Status: Encodable {
        let version: String
        let coordinator: CoordinatorReport
    }

    /// `GET /metrics`: the same and HTTP's own counts, as Prometheus reads them.
    func metrics(of http: HTTPMetrics) async throws -> Response {
        let report = try await door.reportInTime(patience.answer)
        var text = MetricsText()
        text.add(report, version: version)
        http.write(to: &text)
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text.text)))
    }
}
