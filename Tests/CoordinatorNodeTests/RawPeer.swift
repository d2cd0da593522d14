import CoordinatorNode
import Keys
import TestSupport
import Testing
import Threads
import Transport
import Wire
import ZeroMQ

/// A peer of a coordinator that sends and receives single messages, as its test says.
struct RawPeer: ~Copyable {
    private var channel: MessageChannel
    private var generation: UInt64 = 0

    init(_ endpoint: Endpoint, _ security: SocketSecurity = .none) throws {
        var options = ChannelOptions(sendHighWater: 100, receiveHighWater: 100, outboxMax: 100)
        options.security = security
        channel = try MessageChannel(connectingTo: endpoint, options: options, wakeup: try Wakeup())
    }

    /// With the key in a file, to where a node listens first.
    init(_ node: CoordinatorNode, keyAt path: String) throws {
        let file = try KeyFile(readingFrom: path)
        let server = try #require(file.serverKey)
        try self.init(try #require(node.endpoints.first), .client(try file.pair(path: path), server: server))
    }

    mutating func send(_ message: Wire.Message) throws {
        try channel.send(Envelope(generation: generation, message))
    }

    /// The first result that `choose` returns for a message; other messages are dropped.
    mutating func receive<Result>(_ what: String, _ choose: (Wire.Message) -> Result?) throws -> Result {
        let deadline = ContinuousClock.now + testTimeout
        while ContinuousClock.now < deadline {
            try channel.wait(for: .milliseconds(100))
            while let arrival = try channel.receive() {
                guard case .message(let envelope, _, _) = arrival else { continue }
                generation = envelope.generation
                if let result = choose(envelope.message) { return result }
            }
        }
        throw TestTimeout(what: what)
    }

    /// Introduces the peer; returns when it is welcome.
    mutating func join(_ role: Hello.Role, name: String, incarnation: UInt64 = 1) throws {
        try send(.hello(Hello(role: role, name: name, incarnation: incarnation)))
        _ = try receive("a welcome") { if case .welcome(let welcome) = $0 { welcome } else { nil } }
    }
}
