import NIOCore
import NIOPosix

/// A client over a raw socket that sends a request and does not wait for the answer.
struct RawClient: Sendable {
    private let channel: any Channel

    /// Connects and sends.
    init(port: Int, body: String, path: String = "/v1/chat/completions") async throws {
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port).get()
        let head = "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        try await channel.writeAndFlush(ByteBuffer(string: head + body))
    }

    /// Leaves.
    func close() async throws { try await channel.close() }
}
