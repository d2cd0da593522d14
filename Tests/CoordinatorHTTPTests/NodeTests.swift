import Cluster
import Foundation
import HTTPServing
import CoordinatorHTTP
import Logging
import TestSupport
import Testing

@Suite("HTTP: starting, stopping, metrics")
struct NodeTests {
    @Test("an address that other machines can reach needs permission, and one in use is an error that says what to do")
    func binding() async throws {
        let stub = StubCoordinator()
        let open = CoordinatorHTTPServer.Configuration(address: HTTPAddress(host: "0.0.0.0", port: 0))
        await #expect(throws: HTTPServingError.publicWithoutEncryption(open.address)) {
            _ = try await CoordinatorHTTPServer.start(open, coordinator: stub.client, logger: Logger(label: "test"))
        }
        let served = try await Served()
        let taken = CoordinatorHTTPServer.Configuration(address: served.node.address)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        do {
            _ = try await CoordinatorHTTPServer.start(taken, coordinator: stub.client, logger: logger)
            Issue.record("a port was bound twice")
        } catch {
            #expect("\(error)".contains("\(served.node.address)"), "\(error)")
        }
        await served.node.stop()
    }

    @Test("a stopping server answers waiting requests for a plan at once, accepts no new ones, and ends")
    func stopping() async throws {
        // Long timeouts: on a busy machine, requests in progress must not be cut off.
        let served = try await Served {
            $0.timeouts.stop = .seconds(60)
            $0.timeouts.answer = .seconds(60)
        }
        served.stub.show(CoordinatorReport())
        _ = try await served.request("POST", "/v1/plans", json: planBody("stopping", step: 1))
        let asked = ContinuousClock.now
        async let waiting = served.request("GET", "/v1/plans/stopping/1?wait_ms=30000")
        // In flight are the request for the plan and the one for the metrics.
        while ContinuousClock.now - asked < .seconds(25) {
            let metrics = try await served.request("GET", "/metrics")
            if metrics.text.contains("statezero_http_requests_in_flight 2") { break }
        }
        let begin = ContinuousClock.now
        await served.node.stop()
        #expect(try await waiting.status == 200)
        // Without the stop the request would have ended after 30 s; a machine that needs longer cannot show the
        // difference.
        let isEarly = begin - asked > .seconds(15) || ContinuousClock.now - asked < .seconds(30)
        #expect(isEarly, "it waited for the request's own end")
        // This server would answer 200. By now the port may be free, of another test's server, which need not speak HTTP,
        // or of the connection itself.
        let late = try? served.connect()
        let status = await onOwnThread { late?.request("GET", "/v1/plans/stopping/1").status }
        #expect(status != 200)
    }

    @Test("metrics: names, types, and counts of requests by route and status, never by path")
    func metrics() async throws {
        let served = try await Served()
        var report = CoordinatorReport()
        report.model = #"a "model" \ of mine"#
        report.plansOK = 7
        served.stub.show(report)
        _ = try await served.request("POST", "/v1/plans", json: planBody("secret-policy", step: 1))
        _ = try await served.request("GET", "/v1/plans/secret-policy/9")
        _ = try await served.request("GET", "/nothing/secret-policy")
        let text = try await served.request("GET", "/metrics").text
        #expect(!text.contains("secret"))
        #expect(text.contains(#"model="a \"model\" \\ of mine""#))
        #expect(text.contains("\nstatezero_plans_total{status=\"ok\"} 7\n"))
        #expect(text.contains("\nstatezero_http_requests_total{route=\"/v1/plans\",code=\"200\"} 1\n"))
        #expect(
            text.contains("\nstatezero_http_requests_total{route=\"/v1/plans/{policy_id}/{step}\",code=\"404\"} 1\n"))
        #expect(text.contains("\nstatezero_http_requests_total{route=\"other\",code=\"404\"} 1\n"))
        var types: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") {
                #expect(types.updateValue(String(words[3]), forKey: String(words[2])) == nil, "\(line) is there twice")
            } else if !line.hasPrefix("#") {
                let name = String(line.prefix { $0 != "{" && $0 != " " })
                #expect(name.hasPrefix("statezero_") && Double(words[words.count - 1]) != nil, "\(line)")
                let family = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }.map {
                    String(name.dropLast($0.count))
                }
                #expect(types[name] != nil || family.flatMap { types[$0] } == "histogram", "\(line) has no type")
                #expect((types[name] == "counter") == name.hasSuffix("_total") || types[name] == nil, "\(line)")
            }
        }
        await served.node.stop()
    }

    @Test("many requests on one connection, and many connections at once")
    func connections() async throws {
        let served = try await Served()
        let connection = try served.connect()
        let kept = await onOwnThread {
            (0..<20).map { step in
                connection.request("POST", "/v1/plans", body: Array(planBody("a", step: step).utf8)).status
            }
        }
        #expect(kept == Array(repeating: 200, count: 20))
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for step in 0..<40 {
                group.addTask { try await served.request("POST", "/v1/plans", json: planBody("b", step: step)).status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 40))
        await served.node.stop()
    }
}
