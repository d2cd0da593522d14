import Dispatch
import HTTPNode
import Logging
import Synchronization

/// HTTP for a program that is threads and not tasks: starts and stops it, and waits for both.
final class ServedHTTP: Sendable {
    private let node: HTTPNode

    /// `http://HOST:PORT`, with the port the system has chosen.
    var url: String { node.url }

    /// Returns when it listens. Throws what `HTTPNode.start` throws.
    init(_ configuration: HTTPNode.Configuration, door: CoordinatorDoor, logger: Logger) throws(HTTPNodeError) {
        let result = Self.wait { () async -> Result<HTTPNode, HTTPNodeError> in
            do throws(HTTPNodeError) {
                return .success(try await HTTPNode.start(configuration, door: door, logger: logger))
            } catch {
                return .failure(error)
            }
        }
        node = try result.get()
    }

    /// Returns when it has gone; again at once.
    func stop() {
        let node = node
        Self.wait { await node.stop() }
    }

    /// Runs a task to its end. Never called from a task: its thread waits.
    private static func wait<Value: Sendable>(for body: @escaping @Sendable () async -> Value) -> Value {
        let done = DispatchSemaphore(value: 0)
        let found = Mutex<Value?>(nil)
        Task {
            let value = await body()
            found.withLock { $0 = value }
            done.signal()
        }
        done.wait()
        guard let value = found.withLock({ $0 }) else { preconditionFailure("a task has ended without its value") }
        return value
    }
}
