import Cluster
import CoordinatorHTTP
import Foundation
import TestSupport
import Testing

@Suite("HTTP: the page and its events")
struct PageTests {
    @Test("the page is one file: nothing outside it is named, and its policy allows its own style and script alone")
    func page() async throws {
        let served = try await Served()
        let answer = try await served.request("GET", "/")
        #expect(answer.status == 200 && answer.headers["content-type"] == "text/html; charset=utf-8")
        let text = answer.text
        for outside in ["src=", "@import", "url(", "https://"] { #expect(!text.contains(outside), "\(outside)") }
        // The name of SVG's elements; nothing is read from there.
        #expect(text.components(separatedBy: "http://").count == 2 && text.contains("http://www.w3.org/2000/svg"))
        #expect(!text.contains("{{") && !text.contains("innerHTML") && !text.contains(" style=\""))
        let policy = answer.headers["content-security-policy"] ?? ""
        #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"))
        for id in ["works", "time", "worth", "wrong", "jobs", "workers", "plans", "silent", "errors"] {
            #expect(text.contains("id=\"\(id)\""), "\(id)")
        }
        await served.node.stop()
    }

    @Test("a browser that has the page gets 304, HEAD has no body, and paths behind a prefix are relative")
    func caching() async throws {
        let served = try await Served()
        let tag = try #require(try await served.request("GET", "/").headers["etag"])
        let connection = try served.connect()
        let (again, head) = await onOwnThread {
            (connection.request("GET", "/", headers: ["If-None-Match": tag]), connection.request("HEAD", "/"))
        }
        #expect(again.status == 304 && again.body.isEmpty)
        #expect(head.status == 200 && Int(head.headers["content-length"] ?? "") ?? 0 > 10_000)
        let text = try await served.request("GET", "/").text
        #expect(!text.contains("href=\"/") && text.contains("new URL(\"v1/events\", base)"))
        await served.node.stop()
    }

    @Test("events are whole overviews; a reader that is content with two gets two, and HEAD begins none")
    func events() async throws {
        let served = try await Served()
        let answer = try await served.request("GET", "/v1/events?count=2")
        let events = answer.text.components(separatedBy: "\n\n").filter { !$0.isEmpty }
        #expect(events.count == 2 && answer.headers["content-type"] == "text/event-stream")
        for event in events {
            let lines = event.components(separatedBy: "\n")
            #expect(lines.count == 2 && lines[0] == "event: state" && lines[1].hasPrefix("data: {"))
        }
        let connection = try served.connect()
        let head = await onOwnThread { connection.request("HEAD", "/v1/events") }
        #expect(head.status == 200 && head.body.isEmpty)
        await served.node.stop()
    }

    @Test("a coordinator that does not answer is an event, and the reader stays connected until it does again")
    func silence() async throws {
        let served = try await Served { $0.timeouts.answer = .milliseconds(50) }
        served.stub.show(nil)
        let stub = served.stub
        let answer = try await served.request("GET", "/v1/events?count=3") { stub.show(CoordinatorReport()) }
        let kinds = answer.text.components(separatedBy: "\n").filter { $0.hasPrefix("event: ") }
        #expect(kinds.first == "event: failure" && kinds.last == "event: state", "\(kinds)")
        #expect(answer.text.contains(#""code":"coordinator_silent""#))
        await served.node.stop()
    }

    @Test("open readers end when the server stops")
    func stopping() async throws {
        // On a busy machine a late report would be the first event.
        let served = try await Served {
            $0.timeouts.stop = .seconds(60)
            $0.timeouts.answer = .seconds(60)
        }
        let connection = try served.connect()
        let (begun, announce) = AsyncStream<Void>.makeStream()
        async let answer = onOwnThread {
            defer { announce.finish() }
            return connection.request("GET", "/v1/events", afterFirstChunk: { announce.yield() })
        }
        var iterator = begun.makeAsyncIterator()
        await iterator.next()
        await served.node.stop()
        #expect(await answer.text.hasPrefix("event: state"))
    }

    @Test("pages of other sites may read events only where an operator names them")
    func origins() async throws {
        let served = try await Served { $0.origins = ["https://example.org"] }
        let path = "/v1/events?count=1"
        let named = try await served.request("GET", path, headers: ["Origin": "https://example.org"])
        #expect(named.headers["access-control-allow-origin"] == "https://example.org")
        let other = try await served.request("GET", path, headers: ["Origin": "https://example.com"])
        #expect(other.headers["access-control-allow-origin"] == nil)
        await served.node.stop()
    }
}
