import Foundation
import TestSupport
import Testing
import Threads
import Transport
import Wire
import ZeroMQ

@Suite("peers that reset their connections")
struct ResetPeerTests {
    /// libzmq ends the process where it answers a PING on a connection that it has stopped to read and that was reset.
    @Test("a peer that floods a channel with messages and pings, and then resets its connection, does no harm")
    func floodAndReset() throws {
        var options = ChannelOptions(sendHighWater: 100, receiveHighWater: 100, outboxMax: 10)
        options.connections = ConnectionBounds()
        let channel = try MessageChannel(
            listeningAt: [try Endpoint("tcp://127.0.0.1:0")], options: options, wakeup: try Wakeup())
        guard case .tcp(_, let port)? = channel.endpoints.first?.transport else { return }
        for _ in 0..<3 { try Self.flood(port: port, messages: 5000) }
        while try channel.receive() != nil {}
        var honest = try MessageChannel(
            connectingTo: try Endpoint("tcp://127.0.0.1:\(port)"), options: options, wakeup: try Wakeup())
        try honest.send(Envelope(generation: 7, .heartbeat(Heartbeat(incarnation: 1))))
        let deadline = ContinuousClock.now + testTimeout
        while ContinuousClock.now < deadline {
            try channel.wait(for: .milliseconds(100))
            while let arrival = try channel.receive() { if case .message = arrival { return } }
        }
        throw TestTimeout(what: "the message of an honest peer")
    }

    /// Sends messages with a PING behind each, waits until all have arrived, and resets the connection.
    private static func flood(port: UInt16, messages: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafeBytes(of: &address) {
            connect(
                descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        try #require(connected == 0)
        // RFC 23: greeting with the mechanism NULL, the command READY of a DEALER.
        let greeting = [0xFF] + zeros(8) + [0x7F, 3, 0] + Array("NULL".utf8) + zeros(48)
        let ready = Array("\u{5}READY\u{B}Socket-Type\0\0\0\u{6}DEALER".utf8)
        send(greeting + [4, UInt8(ready.count)] + ready, descriptor)
        // The other side's greeting, and its READY: from now on it reads messages.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var handshake = [UInt8](repeating: 0, count: 66)
        try #require(recv(descriptor, &handshake, handshake.count, Int32(MSG_WAITALL)) == handshake.count)
        // RFC 37: a PING without a time limit.
        let ping = Array("\u{4}PING\0\0".utf8)
        let text = Array("no message of the wire".utf8)
        let pair = [0, UInt8(text.count)] + text + [4, UInt8(ping.count)] + ping
        send(Array(repeatElement(pair, count: messages).joined()), descriptor)
        // All bytes are with the receiver's system, and with libzmq.
        var waiting: Int32 = 1
        let deadline = ContinuousClock.now + testTimeout
        while waiting > 0, ContinuousClock.now < deadline {
            _ = ioctl(descriptor, UInt(TIOCOUTQ), &waiting)
            Thread.sleep(forTimeInterval: 0.01)
        }
        Thread.sleep(forTimeInterval: 0.1)
        var reset = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
        Thread.sleep(forTimeInterval: 0.1)
    }

    private static func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }

    private static func send(_ bytes: [UInt8], _ descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
