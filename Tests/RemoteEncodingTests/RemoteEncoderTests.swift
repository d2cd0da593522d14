import Encoders
import Foundation
import RemoteEncoding
import Scoring
import Threads
import Testing

@Suite("RemoteEncoder: embeddings by a server")
struct RemoteEncoderTests {
    /// Short pauses, so that a server that stays away is given up soon.
    private static func settings(_ change: (inout RemoteSettings) -> Void = { _ in }) -> RemoteSettings {
        var settings = RemoteSettings()
        (settings.batchRows, settings.requestsMax) = (4, 3)
        (settings.requestTime, settings.outageTime) = (.seconds(30), .seconds(60))
        change(&settings)
        return settings
    }

    private struct Made: Sendable {
        var values: [Float] = []
        var width = 0
        var identity = ""
        var name = ""
        var calls = 0
    }

    private static func encode(
        _ texts: [String], at url: String, _ settings: RemoteSettings = Self.settings(), key: String? = nil
    ) async throws -> Made {
        try await OwnThread.run {
            let encoder = try RemoteEncoder(try RemoteEndpoint(url, key: key), settings: settings)
            let answered = SharedValue(0)
            encoder.onProgress { answered.change { $0 += 1 } }
            let made = try encoder.encode(texts)
            return Made(
                values: made.values, width: made.columns, identity: encoder.facts.identity, name: encoder.facts.name,
                calls: answered.value)
        }
    }

    private static let texts = (0..<30).map { "prompt \($0)" }
    private static var units: [Float] { texts.flatMap(StubServer.unit(of:)) }

    /// Whether a request is one of the probe, which comes first.
    private static func isProbe(_ request: StubRequest) -> Bool {
        request.texts.allSatisfy(EncoderProbe.texts.contains)
    }

    private static func failure(
        at url: String, _ settings: RemoteSettings = Self.settings(), _ texts: [String] = Self.texts
    ) async -> String {
        do {
            _ = try await encode(texts, at: url, settings)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test("vectors come in the order of the texts, by several bounded requests, with progress after each")
    func order() async throws {
        let server = try await StubServer()
        defer { server.stop() }
        let made = try await Self.encode(Self.texts, at: server.url)
        #expect(made.values == Self.units && made.width == StubServer.width && made.name == "stub")
        let requests = server.requests.filter { !Self.isProbe($0) }
        #expect(requests.count == 8 && requests.allSatisfy { $0.texts.count <= 4 && $0.model == "stub" })
        #expect(made.calls == 8 && server.underWayMax <= 3)
        #expect(requests.allSatisfy { $0.format == "base64" && $0.truncateTokens == nil && $0.key == nil })
    }

    @Test("a server that ignores base64 and answers in another order gives the same vectors")
    func floats() async throws {
        let server = try await StubServer { _ in .reversedFloats }
        defer { server.stop() }
        #expect(try await Self.encode(Self.texts, at: server.url).values == Self.units)
    }

    @Test("a gateway that refuses base64 is asked for numbers")
    func refusedFormat() async throws {
        let server = try await StubServer { request in
            request.format == "base64"
                ? .status(400, #"{"error":"encoding_format base64 is not supported"}"#) : .vectors
        }
        defer { server.stop() }
        #expect(try await Self.encode(Self.texts, at: server.url).values == Self.units)
    }

    @Test("prefix, key, model and cut reach the server")
    func options() async throws {
        let server = try await StubServer(models: nil)
        defer { server.stop() }
        let settings = Self.settings {
            ($0.prefix, $0.model, $0.truncateTokens) = ("query: ", "org/name", 512)
        }
        let made = try await Self.encode(["a"], at: server.url, settings, key: "k-1")
        #expect(made.values == StubServer.unit(of: "query: a") && made.name == "name")
        #expect(
            server.requests.allSatisfy {
                $0.model == "org/name" && $0.truncateTokens == 512 && $0.key == "Bearer k-1"
                    && $0.texts.allSatisfy { $0.hasPrefix("query: ") }
            })
    }

    @Test("a text is cut before it is sent where that is asked for, and its row counts as truncated")
    func cut() async throws {
        let server = try await StubServer()
        defer { server.stop() }
        let url = server.url
        let flags = try await OwnThread.run {
            let settings = Self.settings { ($0.prefix, $0.charactersMax) = ("q: ", 5) }
            let made = try RemoteEncoder(try RemoteEndpoint(url), settings: settings).encode(["abcdefg", "abcde", "é"])
            return made.isTruncated
        }
        #expect(flags == [true, false, false])
        #expect(server.requests.last?.texts == ["q: abcde", "q: abcde", "q: é"])
    }

    @Test("429 and 503 are tried again until the server answers")
    func busy() async throws {
        let server = try await StubServer { request in
            switch request.number {
            case 0, 5: .status(429, "slow down", headers: ["retry-after": "0"])
            case 2, 6: .status(503, #"{"error":"loading model"}"#)
            default: .vectors
            }
        }
        defer { server.stop() }
        #expect(try await Self.encode(Self.texts, at: server.url).values == Self.units)
    }

    @Test("a prompt that is too long is refused alone and named; the others are not sent again")
    func tooLong() async throws {
        let server = try await StubServer { request in
            request.texts.contains { $0.utf8.count > 100 }
                ? .status(413, #"{"message":"`inputs` must have less than 512 tokens. Given: 900","code":413}"#)
                : .vectors
        }
        defer { server.stop() }
        let url = server.url
        let long = String(repeating: "long ", count: 50)
        try await OwnThread.run {
            let encoder = try RemoteEncoder(try RemoteEndpoint(url), settings: Self.settings())
            let texts = ["a", "b", long, "c", "d"]
            let error = #expect(throws: ValueModelError.self) { try encoder.encode(texts) }
            guard case .refusedText(row: 2, let reason) = error else {
                Issue.record("expected a refusal of text 2, found \(String(describing: error))")
                return
            }
            #expect(reason.contains("less than 512 tokens. Given: 900") && reason.contains(url))
            let count = server.requests.count
            // As the caller does: one by one.
            for text in texts where text != long {
                #expect(try encoder.encode([text]).values == StubServer.unit(of: text))
            }
            #expect(throws: ValueModelError.self) { try encoder.encode([long]) }
            #expect(server.requests.count == count)
        }
    }

    @Test("a server without a list needs a name; with several models, they are named")
    func models() async throws {
        for (models, words) in [(nil, "lists no model"), (["a", "b"], "choose one with --encoder-model: a, b")] {
            let server = try await StubServer(models: models)
            #expect(await Self.failure(at: server.url).contains(words))
            server.stop()
        }
    }

    @Test("errors that no try will change end at once and say what to do")
    func hopeless() async throws {
        let cases: [(StubReply, [String])] = [
            (
                .status(401, #"{"error":{"message":"Unauthorized"}}"#),
                ["status 401: Unauthorized", "--encoder-key-env"]
            ),
            (.status(404, #"{"error":"no such model"}"#), ["status 404: no such model", "it serves stub"]),
            (
                .status(400, #"{"message":"not an embedding model"}"#),
                ["status 400: not an embedding model", "it serves stub"]
            ),
            (.status(307, "", headers: ["location": "http://elsewhere/v1"]), ["status 307", "http://elsewhere/v1"]),
            (.status(200, "<html>hello</html>"), ["cannot be used", "<html>hello"]),
            (.status(200, #"{"data":[]}"#), ["0 vectors for 4 texts"]),
            (.status(200, #"{"data":[{"index":0,"embedd"#), ["not JSON"]),
        ]
        for (reply, words) in cases {
            let server = try await StubServer { _ in reply }
            let text = await Self.failure(at: server.url)
            for word in words { #expect(text.contains(word), "\(text)") }
            server.stop()
        }
    }

    @Test("a server that never answers in time, or that no one listens for, is unavailable after the outage time")
    func unavailable() async throws {
        let settings = Self.settings { ($0.requestTime, $0.outageTime) = (.milliseconds(300), .seconds(1)) }
        let server = try await StubServer { _ in .hang }
        #expect(await Self.failure(at: server.url, settings).contains("no complete answer within"))
        let closed = server.url
        await server.stopped()
        var named = settings
        named.model = "m"
        for settings in [settings, named] {
            let text = await Self.failure(at: closed, settings)
            #expect(text.contains("no connection") && text.contains("check that the server runs"))
        }
    }

    @Test("once the process is asked to stop, tries at a server without answers end")
    func stopping() async throws {
        let server = try await StubServer { Self.isProbe($0) ? .vectors : .status(503, "down") }
        defer { server.stop() }
        let url = server.url
        let text = try await OwnThread.run {
            let stop = StopFlag()
            let encoder = try RemoteEncoder(try RemoteEndpoint(url), settings: Self.settings(), stop: stop) { _ in
                stop.raise()
            }
            do {
                _ = try encoder.encode(Self.texts)
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(text.contains("stopped while the server gave no answer"))
    }

    @Test("another width in the middle of a run is an error; so is a vector of another width in an answer")
    func width() async throws {
        let server = try await StubServer {
            Self.isProbe($0) ? .vectors : .status(200, #"{"data":[{"index":0,"embedding":[1,2]}]}"#)
        }
        defer { server.stop() }
        #expect(
            await Self.failure(at: server.url, Self.settings(), ["x"]).contains(
                "a vector has 2 numbers, earlier ones had 8"))
    }

    @Test("NaN for one prompt fails that prompt alone")
    func notFinite() async throws {
        let server = try await StubServer { request in
            guard request.texts.contains("prompt 7") else { return .vectors }
            return .status(200, #"{"data":[{"index":0,"embedding":[NaN]}]}"#)
        }
        defer { server.stop() }
        let text = await Self.failure(at: server.url)
        #expect(text.contains("text 7 was refused") && text.contains("NaN or Infinity"))
    }

    @Test("workers on equal engines have equal identities; another model, prefix or cut has another one")
    func identity() async throws {
        let first = try await StubServer()
        let second = try await StubServer { request in
            // Another engine: base64 or not, last digits differ.
            .status(200, StubServer.body(request.texts, base64: false))
        }
        let other = try await StubServer { request in
            .status(200, StubServer.body(request.texts, base64: true, seed: 1))
        }
        defer { for server in [first, second, other] { server.stop() } }
        let identity = try await Self.encode([], at: first.url).identity
        #expect(try await Self.encode([], at: second.url).identity == identity)
        #expect(try await Self.encode([], at: other.url).identity != identity)
        for settings in [
            Self.settings { $0.model = "another" }, Self.settings { $0.prefix = "p " },
            Self.settings { $0.truncateTokens = 9 },
        ] {
            #expect(try await Self.encode([], at: first.url, settings).identity != identity)
        }
        // A revision replaces the probe.
        let revision = Self.settings { $0.revision = "r1" }
        #expect(
            try await Self.encode([], at: first.url, revision).identity
                == Self.encode([], at: other.url, revision).identity)
    }
}
