import TestSupport
import Testing
import Threads
import ZeroMQ

extension ScratchFolder {
    /// A Unix socket in the folder.
    func endpoint(_ name: String) throws -> Endpoint {
        try Endpoint("ipc://\(file(name))")
    }
}

/// The next receipt of the socket; throws `TestTimeout` when there is none.
func nextReceipt(_ socket: borrowing Socket) throws -> Socket.Receipt {
    let poller = Poller(wakeup: try Wakeup())
    let deadline = ContinuousClock.now + testTimeout
    while true {
        let receipt = try socket.receive()
        if receipt != .nothing { return receipt }
        guard ContinuousClock.now < deadline else { throw TestTimeout(what: "receive") }
        _ = try poller.wait(socket, timeout: deadline - .now)
    }
}

/// The next message of the socket; a refused one is a failure.
func nextMessage(_ socket: borrowing Socket) throws -> Message {
    let receipt = try nextReceipt(socket)
    guard case .message(let message) = receipt else {
        throw TestTimeout(what: "a message; there was \(receipt)")
    }
    return message
}

/// Sends as soon as the socket accepts the message, for instance when it is connected.
func deliver(_ message: Message, to socket: borrowing Socket) throws {
    let poller = Poller(wakeup: try Wakeup())
    let deadline = ContinuousClock.now + testTimeout
    while try socket.send(message) != .sent {
        guard ContinuousClock.now < deadline else { throw TestTimeout(what: "send") }
        _ = try poller.wait(socket, for: .writable, timeout: deadline - .now)
    }
}
