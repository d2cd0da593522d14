package import ServiceLifecycle

// What becomes of servers when the task that runs them is cancelled.

extension ServiceGroup {
    /// Runs the services until they end. If the task is cancelled they shut down as after a signal, within the group's
    /// `maximumGracefulShutdownDuration`.
    ///
    /// A server that is cancelled at once drops the connections that it has accepted and not begun, and NIO ends the
    /// process for that (`NIOAsyncWriter`). A graceful shutdown closes the listening socket first, and serves those.
    package func runUntilCancelled() async throws {
        let running = Task { try await run() }
        try await withTaskCancellationHandler {
            try await running.value
        } onCancel: {
            Task { await triggerGracefulShutdown() }
        }
    }
}
