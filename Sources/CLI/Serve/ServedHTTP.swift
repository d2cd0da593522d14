import CommandSupport
import CoordinatorHTTP
import Dispatch
import Logging
import Synchronization

/// HTTP for a program that is threads and not tasks: starts and stops it, and waits for both.
final class ServedHTTP: Sendable {
    private let node: CoordinatorHTTPServer

    /// `http://HOST:PORT`, with the port the system has chosen.
    var url: String { node.url }

    /// Returns when it listens. Throws what `CoordinatorHTTPServer.start` throws.
    init(_ configuration: CoordinatorHTTPServer.Configuration, door: CoordinatorClient, logger: Logger)
        throws(CoordinatorHTTPError)
    {
        let result = Self.wait { () async -> Result<CoordinatorHTTPServer, CoordinatorHTTPError> in
            do throws(CoordinatorHTTPError) {
                return .success(try await CoordinatorHTTPServer.start(configuration, door: door, logger: logger))
            } catch {
                return .failure(error)
            }
        }
        guard let result else { preconditionFailure("HTTP has neither started nor failed") }
        node = try result.get()
    }

    /// Returns when it has gone, or after a quarter of a minute: the process ends all the same.
    func stop() {
        let node = node
        Self.wait(atMost: .seconds(15)) { await node.stop() }
    }

    /// Runs a task to its end, or waits no longer than that. Never called from a task: its thread waits.
    @discardableResult
    private static func wait<Value: Sendable>(
        atMost time: DispatchTimeInterval = .never, for body: @escaping @Sendable () async -> Value
    ) -> Value? {
        let done = DispatchSemaphore(value: 0)
        let found = Found<Value>()
        Task {
            let value = await body()
            found.value.withLock { $0 = value }
            done.signal()
        }
        _ = done.wait(timeout: .now() + time)
        return found.value.withLock { $0 }
    }

    /// Where a task leaves its value.
    private final class Found<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }
}
