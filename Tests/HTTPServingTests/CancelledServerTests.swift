import HTTPServing
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Testing

/// A server whose task is cancelled while clients connect.
@Suite("Cancelled servers")
struct CancelledServerTests {
    // NIO ends the process for a connection that was accepted and dropped.
    @Test("a server that is cancelled while clients connect ends, and drops no accepted connection")
    func connecting() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        for _ in 0..<20 {
            let ports = AsyncStream<Int>.makeStream()
            let application = Application(
                router: Router(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { ports.continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
            var group = ServiceGroupConfiguration(services: [application], logger: logger)
            group.maximumGracefulShutdownDuration = .seconds(1)
            let services = ServiceGroup(configuration: group)
            let serving = Task { try await services.runUntilCancelled() }
            var iterator = ports.stream.makeAsyncIterator()
            let port = try #require(await iterator.next())
            await withTaskGroup { clients in
                for index in 0..<40 {
                    clients.addTask {
                        let client = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                            .connect(host: "127.0.0.1", port: port).get()
                        if index == 20 { serving.cancel() }
                        try? await client?.close()
                    }
                }
            }
            serving.cancel()
            _ = await serving.result
        }
    }
}
