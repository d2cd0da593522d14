import Foundation
import Testing
import ZeroMQ

/// A folder for Unix sockets, gone with the test. The name is short because a socket's path must be.
struct SocketFolder: ~Copyable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "zmq-" + String(UInt32.random(in: .min ... .max), radix: 36)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
    }

    func endpoint(_ name: String) throws -> Endpoint {
        try Endpoint("ipc://\(path)/\(name)")
    }
}

/// Something that loopback does in microseconds has not happened for ten seconds.
struct TooLate: Error {
    let what: String
}

/// Long enough that only a fault reaches it, on a machine however busy.
let patience = Duration.seconds(10)

/// The next receipt of the socket; throws `TooLate` when there is none.
func nextReceipt(_ socket: borrowing Socket) throws -> Socket.Receipt {
    let poller = Poller(wakeup: try Wakeup())
    let deadline = ContinuousClock.now + patience
    while true {
        let receipt = try socket.receive()
        if receipt != .nothing { return receipt }
        guard ContinuousClock.now < deadline else { throw TooLate(what: "receive") }
        _ = try poller.wait(socket, timeout: deadline - .now)
    }
}

/// The next message of the socket; a refused one is a failure.
func nextMessage(_ socket: borrowing Socket) throws -> Message {
    let receipt = try nextReceipt(socket)
    guard case .message(let message) = receipt else {
        throw TooLate(what: "a message; there was \(receipt)")
    }
    return message
}

/// Sends as soon as the socket takes the message, for instance when it is connected.
func deliver(_ message: Message, to socket: borrowing Socket) throws {
    let poller = Poller(wakeup: try Wakeup())
    let deadline = ContinuousClock.now + patience
    while try socket.send(message) != .sent {
        guard ContinuousClock.now < deadline else { throw TooLate(what: "send") }
        _ = try poller.wait(socket, for: .writable, timeout: deadline - .now)
    }
}
