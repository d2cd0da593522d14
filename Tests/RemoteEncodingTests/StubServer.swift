// An embeddings API on loopback whose answers a test sets.
import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A request as the server read it.
struct StubRequest: Sendable {
    /// How many requests came before it.
    let number: Int
    let texts: [String]
    let model: String?
    let format: String?
    let truncateTokens: Int?
    let key: String?
}

/// What the server answers.
enum StubReply: Sendable {
    /// Vectors of all texts, in the format that was asked for.
    case vectors
    /// The same as JSON numbers in reverse order, as a server that ignores `encoding_format`.
    case reversedFloats
    case status(Int, String, headers: [String: String] = [:])
    case hang
}

/// Counts, checks and answers requests.
final class StubServer: Sendable {
    typealias Manner = @Sendable (StubRequest) -> StubReply

    private struct Body: Decodable {
        let model: String?
        let input: [String]
        let encoding_format: String?
        let truncate_prompt_tokens: Int?
    }

    private struct State {
        var requests: [StubRequest] = []
        var underWay = 0
        var underWayMax = 0
        var models: String?
    }

    private final class Shared: Sendable {
        let state: Mutex<State>
        init(_ state: State) { self.state = Mutex(state) }
    }

    /// E of the stub's vectors.
    static let width = 8

    let port: Int
    private let shared: Shared
    private let task: Task<Void, any Error>

    var url: String { "http://127.0.0.1:\(port)/v1" }
    var requests: [StubRequest] { shared.state.withLock { $0.requests } }
    /// Most requests that were under way at the same time.
    var underWayMax: Int { shared.state.withLock { $0.underWayMax } }

    /// Starts; `models` are the ids that it lists, `nil` for a server without a list.
    init(models: [String]? = ["stub"], _ manner: @escaping Manner = { _ in .vectors }) async throws {
        let list = models.map { ids in ids.map { "{\"id\":\"\($0)\"}" }.joined(separator: ",") }
        let shared = Shared(State(models: list.map { "{\"object\":\"list\",\"data\":[\($0)]}" }))
        let router = Router()
        router.get("v1/models") { _, _ in
            guard let list = shared.state.withLock({ $0.models }) else { return Self.response(404, "no such path") }
            return Self.response(200, list)
        }
        router.post("v1/embeddings") { request, _ in
            let bytes = try await request.body.collect(upTo: 1 << 26)
            let body = try JSONDecoder().decode(Body.self, from: Data(bytes.readableBytesView))
            let key = request.headers[.authorization]
            let received = shared.state.withLock { state in
                let received = StubRequest(
                    number: state.requests.count, texts: body.input, model: body.model, format: body.encoding_format,
                    truncateTokens: body.truncate_prompt_tokens, key: key)
                state.requests.append(received)
                state.underWay += 1
                state.underWayMax = max(state.underWayMax, state.underWay)
                return received
            }
            defer { shared.state.withLock { $0.underWay -= 1 } }
            return try await Self.respond(manner(received), to: received)
        }
        let ports = AsyncStream<Int>.makeStream()
        let logger = Logger(label: "stub") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ports.continuation.yield($0.localAddress?.port ?? 0) },
            logger: logger)
        var group = ServiceGroupConfiguration(services: [application], logger: logger)
        // A request that hangs is then cancelled.
        group.maximumGracefulShutdownDuration = .seconds(1)
        let services = ServiceGroup(configuration: group)
        task = Task { try await services.runUntilCancelled() }
        var iterator = ports.stream.makeAsyncIterator()
        port = await iterator.next() ?? 0
        self.shared = shared
    }

    func stop() { task.cancel() }

    /// Stops and waits until nothing listens any more.
    func stopped() async {
        task.cancel()
        _ = await task.result
    }

    /// The stub's vector of a text, not normalised: the same for the same text, different for others.
    static func vector(of text: String, seed: UInt64 = 0) -> [Float] {
        var state = text.utf8.reduce(14_695_981_039_346_656_037 &+ seed) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        return (0..<width).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 40) / 1e6
        }
    }

    /// The same divided by its norm, as the encoder returns it.
    static func unit(of text: String) -> [Float] {
        let vector = vector(of: text)
        let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return vector.map { Float(Double($0) / norm) }
    }

    /// An answer's body.
    static func body(_ texts: [String], base64: Bool, seed: UInt64 = 0) -> String {
        let rows = texts.enumerated().map { index, text in
            let vector = vector(of: text, seed: seed)
            let written =
                base64
                ? "\"\(vector.withUnsafeBytes { Data($0) }.base64EncodedString())\""
                : "[\(vector.map { "\($0)" }.joined(separator: ", "))]"
            return "{\"object\":\"embedding\",\"index\":\(index),\"embedding\":\(written)}"
        }
        return "{\"object\":\"list\",\"data\":[\(rows.joined(separator: ","))],\"model\":\"stub\",\"usage\":{}}"
    }

    private static func respond(_ reply: StubReply, to request: StubRequest) async throws -> Response {
        switch reply {
        case .vectors: return response(200, body(request.texts, base64: request.format == "base64"))
        case .reversedFloats:
            let rows = request.texts.enumerated().reversed().map { index, text in
                "{\"index\":\(index),\"embedding\":[\(vector(of: text).map { "\($0)" }.joined(separator: ","))]}"
            }
            return response(200, "{\"data\":[\(rows.joined(separator: ","))]}")
        case .status(let status, let text, let headers): return response(status, text, headers)
        case .hang:
            try await Task.sleep(for: .seconds(3600))
            return response(200, "")
        }
    }

    private static func response(_ status: Int, _ text: String, _ headers: [String: String] = [:]) -> Response {
        var fields: HTTPFields = [.contentType: "application/json"]
        for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        return Response(
            status: HTTPResponse.Status(code: status), headers: fields,
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
