import Foundation
import TestSupport
import Testing

@Suite("The metrics of the router")
struct MetricsSnapshotTests {
    /// Written by version 0.1.0 after a decision, a request that no endpoint answered, a body that was no JSON and an
    /// outcome.
    @Test("names, labels, help lines and their order are those of version 0.1.0; only values and durations differ")
    func snapshot() async throws {
        let router = try await RouterUnderTest(
            // Port 9 of loopback is discard's; nobody listens there.
            RouterUnderTest.fleet(cheap: "http://127.0.0.1:9/v1", expensive: "http://127.0.0.1:9/v1"),
            histories: RouterUnderTest.histories)
        _ = try await router.post("/v1/route", #"{"prompt":"easy"}"#)
        _ = try await router.post("/v1/route", "{")
        _ = try await router.post("/v1/chat/completions", #"{"messages":[{"role":"user","content":"easy"}]}"#)
        _ = try await router.post(
            "/v1/outcomes", #"{"outcomes":[{"event_id":"a","model":"cheap","prompt":"p","reward":1}]}"#)
        let found = Self.shape(of: try await router.get("/metrics").text)
        let path = Repository.root.appending(path: "Tests/RouterHTTPTests/Snapshots/metrics.txt")
        let expected = Self.shape(of: try String(contentsOf: path, encoding: .utf8))
        for (line, (left, right)) in zip(found, expected).enumerated() where left != right {
            Issue.record("line \(line + 1): \(left), expected \(right)")
        }
        #expect(found.count == expected.count)
        await router.stop()
    }

    /// The lines without the values that depend on time and prices, and without the version and model.
    private static func shape(of text: String) -> [String] {
        text.split(separator: "\n").map { line in
            guard !line.hasPrefix("#") else { return String(line) }
            if line.hasPrefix("statezero_build_info{version=") { return "statezero_build_info" }
            let isValue =
                line.contains("_bucket") || line.contains("_sum") || line.contains("dollars")
                || line.contains("history_rows")
            return isValue ? String(line.prefix { $0 != " " }) : String(line)
        }
    }
}
