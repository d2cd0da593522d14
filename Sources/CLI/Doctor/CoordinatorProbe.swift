import Foundation
import Scoring
import Threads
import Transport
import Wire
import ZeroMQ

/// Says Hello to a coordinator as a client, waits for its answer and leaves: it gets no work and leaves nothing behind.
struct CoordinatorProbe {
    /// How a coordinator answers.
    enum Answer {
        /// Admitted; the name of the cluster's model, if it has one.
        case welcome(model: String?)
        /// Reached and authenticated, but the key is not for clients.
        case permission
        /// Refused, with the coordinator's reason.
        case refused(String)
        case silence
    }

    private let endpoint: Endpoint
    private let security: SocketSecurity

    private static let waitMax = Duration.seconds(5)

    init(_ endpoint: Endpoint, security: SocketSecurity) {
        self.endpoint = endpoint
        self.security = security
    }

    /// Throws what opening a socket throws. Waits at most 5 s.
    func run() throws -> Answer {
        var options = ChannelOptions(sendHighWater: 10, receiveHighWater: 10, outboxMax: 10)
        options.security = security
        var channel = try MessageChannel(connectingTo: endpoint, options: options, wakeup: Wakeup())
        let name = "doctor/\(ProcessInfo.processInfo.hostName)/\(getpid())"
        let hello = Hello(role: .client, name: name, incarnation: .random(in: 1 ... .max))
        try channel.send(Envelope(generation: 0, .hello(hello)))
        let clock = ContinuousClock()
        let end = clock.now + Self.waitMax
        while clock.now < end {
            try channel.wait(for: min(.milliseconds(200), end - clock.now))
            try channel.flush()
            while let arrival = try channel.receive() {
                guard case .message(let envelope, _, _) = arrival, let answer = Self.answer(envelope.message) else {
                    continue
                }
                if case .welcome = answer { try channel.send(Envelope(generation: envelope.generation, .bye)) }
                return answer
            }
        }
        return .silence
    }

    private static func answer(_ message: Wire.Message) -> Answer? {
        switch message {
        case .welcome(let welcome): .welcome(model: welcome.fingerprint?.name)
        case .refused(.permission, _): .permission
        case .refused(_, let message): .refused(message)
        default: nil
        }
    }
}
