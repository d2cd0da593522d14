import Threads
import ZeroMQ

/// A ROUTER and a DEALER without logic: the rate of the transport alone, as a baseline for the coordinator.
enum BarePair {
    /// Listens at an endpoint and answers every message with frames of the given sizes, or with the message's own
    /// frames. Returns only by an error.
    static func answer(at endpoint: Endpoint, replyBytes: [Int]?) throws {
        let socket = try Socket(.router, in: try Context(), options: options)
        _ = try socket.bind(endpoint)
        let poller = Poller(wakeup: try Wakeup())
        let reply = replyBytes.map { $0.map { Frame([UInt8](repeating: 0, count: $0)) } }
        while true {
            _ = try poller.wait(socket, timeout: nil)
            while case .message(let message) = try socket.receive() {
                _ = try socket.send(reply.map { Message([message.frames[0]] + $0) } ?? message)
            }
        }
    }

    /// Sends messages with frames of the given sizes, with up to `window` of them unanswered.
    /// Returns the seconds from the first message to the last answer.
    static func ask(
        at endpoint: Endpoint, messages: Int, window: Int, frameBytes: [Int]
    ) throws -> Double {
        let socket = try Socket(.dealer, in: try Context(), options: options)
        try socket.connect(endpoint)
        let poller = Poller(wakeup: try Wakeup())
        let frames = frameBytes.map { Frame([UInt8](repeating: 0, count: $0)) }
        // One round trip first, so that the connection exists before the clock starts.
        _ = try socket.send(Message(frames))
        while case .nothing = try socket.receive() { _ = try poller.wait(socket, timeout: .seconds(1)) }
        let clock = ContinuousClock()
        let start = clock.now
        var (sent, answered) = (0, 0)
        while answered < messages {
            while sent < messages, sent - answered < window, try socket.send(Message(frames)) == .sent { sent += 1 }
            _ = try poller.wait(socket, timeout: .seconds(1))
            while case .message = try socket.receive() { answered += 1 }
        }
        return (clock.now - start) / .seconds(1)
    }

    private static var options: SocketOptions {
        var options = SocketOptions()
        options.sendHighWater = 20_000
        options.receiveHighWater = 20_000
        return options
    }
}
