import Foundation
import RouterHTTP
import Routing
import Testing

@Suite("Clients that leave")
struct LeavingClientTests {
    private func body(stream: Bool) -> String {
        #"{"model":"cheap","stream":\#(stream),"messages":[{"role":"user","content":"easy one"}]}"#
    }

    private func router(_ endpoint: RawEndpoint) async throws -> RouterUnderTest {
        try await RouterUnderTest(
            RouterUnderTest.fleet(cheap: endpoint.url, expensive: endpoint.url) {
                $0.limits.concurrent = 1
                $0.endpoint?.timeout = .seconds(3600)
                $0.endpoint?.idleTimeout = .seconds(3600)
                $0.endpoint?.totalTimeout = .seconds(3600)
            },
            histories: RouterUnderTest.histories)
    }

    /// Asks again until the place is free; the suite's time limit ends it if it never is.
    private func waitForPlace(_ router: RouterUnderTest) async throws {
        while try await !router.get("/metrics").text.contains("upstream_inflight{model=\"cheap\"} 0\n") {
            await Task.yield()
        }
    }

    @Test(
        "while the upstream is silent: its request is cancelled and its place is free",
        .timeLimit(.minutes(1)), arguments: [false, true])
    func silent(stream: Bool) async throws {
        let endpoint = try await RawEndpoint(.send(""))
        let router = try await router(endpoint)
        let client = try await RawClient(port: router.port, body: body(stream: stream))
        await endpoint.wait { requests, _ in requests == 1 }
        #expect(try await router.post("/v1/chat/completions", body(stream: false)).code == "rate_limited")
        try await client.close()
        await endpoint.wait { _, open in open == 0 }
        try await waitForPlace(router)
        let metrics = try await router.get("/metrics").text
        #expect(metrics.contains("upstream_requests_total{model=\"cheap\",result=\"client_left\"} 1\n"))
        #expect(metrics.contains("statezero_route_inflight 0\n"))
        // It is no failure of the endpoint.
        #expect(try await router.get("/v1/status").text.contains("\"model\":\"cheap\",\"requests_in_flight\":0"))
        await router.stop()
        await endpoint.stop()
    }

    @Test("in the middle of a stream that has stalled", .timeLimit(.minutes(1)))
    func stalled() async throws {
        let endpoint = try await RawEndpoint(
            .send(RawEndpoint.stream(["data: {\"choices\":[]}\n\n"], isComplete: false)))
        let router = try await router(endpoint)
        let client = try await RawClient(port: router.port, body: body(stream: true))
        await endpoint.wait { requests, _ in requests == 1 }
        try await client.close()
        await endpoint.wait { _, open in open == 0 }
        try await waitForPlace(router)
        await router.stop()
        await endpoint.stop()
    }

    @Test("a server that stops does not wait for a silent upstream", .timeLimit(.minutes(1)))
    func stops() async throws {
        let endpoint = try await RawEndpoint(.send(""))
        let router = try await router(endpoint)
        let client = try await RawClient(port: router.port, body: body(stream: false))
        await endpoint.wait { requests, _ in requests == 1 }
        await router.stop()
        await endpoint.wait { _, open in open == 0 }
        // The server has closed it.
        try? await client.close()
        await endpoint.stop()
    }
}
