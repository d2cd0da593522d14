import CommandSupport
import CoordinatorHTTP
import Dispatch
import HTTPServing
import Logging
import Threads

/// HTTP for a program that is threads and not tasks: starts and stops it, and waits for both.
final class ServedHTTP: Sendable {
    private let node: CoordinatorHTTPServer

    /// `http://HOST:PORT`, with the port the system has chosen.
    var url: String { node.url }

    /// Returns when it listens. Throws what `CoordinatorHTTPServer.start` throws.
    init(_ configuration: CoordinatorHTTPServer.Configuration, coordinator client: CoordinatorClient, logger: Logger)
        throws(HTTPServingError)
    {
        node = try TaskWait.run { () async throws(HTTPServingError) in
            try await CoordinatorHTTPServer.start(configuration, coordinator: client, logger: logger)
        }
    }

    /// Returns when it has gone, or after a quarter of a minute: the process ends all the same.
    func stop() {
        let node = node
        TaskWait.run(atMost: .seconds(15)) { await node.stop() }
    }
}
