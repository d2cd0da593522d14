import Testing
import ZeroMQ

@Suite("endpoints")
struct EndpointTests {
    @Test(
        "an endpoint is read and written back",
        arguments: [
            ("tcp://127.0.0.1:5555", Endpoint.Transport.tcp(host: "127.0.0.1", port: 5555)),
            ("tcp://[::1]:0", .tcp(host: "::1", port: 0)),
            ("tcp://node-3.cluster_a:65535", .tcp(host: "node-3.cluster_a", port: 65535)),
            ("ipc:///run/state zero/x.sock", .ipc(path: "/run/state zero/x.sock")),
            ("inproc://workers", .inproc(name: "workers")),
        ])
    func reads(text: String, transport: Endpoint.Transport) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.transport == transport)
        #expect(endpoint.description == text)
    }

    @Test(
        "text that is not an endpoint is refused with the reason",
        arguments: [
            ("", "is not an endpoint"), ("127.0.0.1:5555", "is not an endpoint"), ("http://a:1", "is not an endpoint"),
            ("tcp://127.0.0.1", "has no port"), ("tcp://127.0.0.1:", "has port"), ("tcp://h:65536", "has port"),
            ("tcp://h:-1", "has port"), ("tcp://h:+1", "has port"), ("tcp://:5555", "has host"),
            ("tcp://a/b:1", "has host"), ("tcp://[::g]:1", "IPv6"), ("tcp://::1:1", "has host"),
            ("tcp://a b:1", "space"), ("tcp://a:1\n", "control character"), ("ipc://", "has no path"),
            ("inproc://", "has no name"), ("ipc://a\0b", "control character"),
        ])
    func refuses(text: String, reason: String) {
        let error = #expect(throws: ZeroMQError.self) { try Endpoint(text) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.contains("write tcp://host:port") == true)
    }

    @Test(
        "only endpoints that other machines cannot reach are local",
        arguments: [
            ("tcp://127.0.0.1:1", true), ("tcp://127.8.9.10:1", true), ("tcp://localhost:1", true),
            ("tcp://[::1]:1", true), ("tcp://[::ffff:127.0.0.1]:1", true), ("ipc:///tmp/x", true), ("inproc://x", true),
            ("tcp://*:1", false), ("tcp://0.0.0.0:1", false), ("tcp://[::]:1", false), ("tcp://10.0.0.1:1", false),
            ("tcp://[::ffff:10.0.0.1]:1", false), ("tcp://localhost.example.org:1", false), ("tcp://eth0:1", false),
            ("tcp://128.0.0.1:1", false), ("tcp://[fe80::1]:1", false),
        ])
    func tellsLocal(text: String, isLocal: Bool) throws {
        #expect(try Endpoint(text).isLocal == isLocal)
    }

    @Test("a path that no Unix socket can have is refused before any call")
    func longPath() throws {
        let longest = "/" + String(repeating: "a", count: Endpoint.ipcPathBytesMax - 1)
        #expect(try Endpoint("ipc://" + longest).description.hasSuffix("a"))
        #expect(throws: ZeroMQError.ipcPathTooLong(path: longest + "a", bytes: 108, bytesMax: 107)) {
            try Endpoint("ipc://" + longest + "a")
        }
        // Bytes count, not characters.
        #expect(throws: ZeroMQError.self) { try Endpoint("ipc:///" + String(repeating: "é", count: 54)) }
    }
}
