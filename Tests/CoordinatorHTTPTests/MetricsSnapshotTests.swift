import Cluster
import CoordinatorHTTP
import Foundation
import TestSupport
import Testing

@Suite("The metrics of the coordinator")
struct MetricsSnapshotTests {
    /// Written by version 0.1.0 after two `GET /livez`, a `DELETE /livez`, two requests without a route and a
    /// `GET /v1/status`.
    @Test("names, labels, help lines and their order are those of version 0.1.0; only durations differ")
    func snapshot() async throws {
        let served = try await Served { $0.version = "0.1.0" }
        var report = CoordinatorReport()
        report.generation = 1
        report.uptimeSeconds = 2
        served.stub.show(report)
        for (method, path) in [
            ("GET", "/livez"), ("GET", "/livez"), ("DELETE", "/livez"), ("GET", "/nowhere"), ("GET", "/v1/plans/"),
            ("GET", "/v1/status"),
        ] {
            _ = try await served.request(method, path)
        }
        let found = Self.withoutDurations(try await served.request("GET", "/metrics").text)
        let path = Repository.root.appending(path: "Tests/CoordinatorHTTPTests/Snapshots/metrics.txt")
        let expected = Self.withoutDurations(try String(contentsOf: path, encoding: .utf8))
        for (line, (left, right)) in zip(found, expected).enumerated() where left != right {
            Issue.record("line \(line + 1): \(left), expected \(right)")
        }
        #expect(found.count == expected.count)
        await served.node.stop()
    }

    /// The lines, without the values of sums and of buckets below the last, which depend on time.
    private static func withoutDurations(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            let isTimed = line.contains("_seconds_sum") || (line.contains("_bucket") && !line.contains("+Inf"))
            return isTimed ? line.prefix { $0 != "}" } + "}" : String(line)
        }
    }
}
