import CoordinatorHTTP
import HTTPServing
import Logging
import Threads

/// The coordinator's HTTP server for a program without tasks: start and stop wait for the server.
final class ServedHTTP: Sendable {
    private let node: CoordinatorHTTPServer

    /// `http://HOST:PORT`, with the actual port.
    var url: String { node.url }

    /// Returns when the server listens. Throws what `CoordinatorHTTPServer.start` throws.
    init(
        _ configuration: CoordinatorHTTPServer.Configuration, coordinator client: CoordinatorClient, logger: Logger
    ) throws(HTTPServingError) {
        node = try TaskWait.run { () async throws(HTTPServingError) in
            try await CoordinatorHTTPServer.start(configuration, coordinator: client, logger: logger)
        }
    }

    /// Returns when the server has stopped, at the latest after 15 seconds.
    func stop() {
        let node = node
        TaskWait.run(atMost: .seconds(15)) { await node.stop() }
    }
}
