import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Routing

/// One request to an endpoint: a task reads the answer into an inbox. The request is cancelled when this is released, which
/// closes its connection unless the answer was complete.
final class UpstreamCall: Sendable {
    let inbox: AnswerInbox
    private let task: Task<Void, Never>
    private let connection: CallerConnection
    private let watch: Int

    /// Starts the request.
    init(_ request: HTTPClientRequest, client: HTTPClient, caller: Caller) {
        let inbox = AnswerInbox(caller.eventLoop)
        self.inbox = inbox
        connection = caller.connection
        // The client's own limits are beyond all others: the inbox' deadlines decide.
        task = Task { await Self.read(request, client, into: inbox) }
        watch = caller.connection.watch { inbox.leave() }
    }

    deinit {
        connection.unwatch(watch)
        task.cancel()
        inbox.close()
    }

    private static func read(_ request: HTTPClientRequest, _ client: HTTPClient, into inbox: AnswerInbox) async {
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, deadline: .distantFuture)
        } catch {
            return await inbox.put(.answer(.lost(failure(error))))
        }
        await inbox.put(.head(status: Int(response.status.code), response.headers))
        do {
            for try await buffer in response.body {
                await inbox.put(.answer(.piece(Array(buffer.readableBytesView))))
            }
            await inbox.put(.answer(.ended))
        } catch {
            await inbox.put(.answer(.lost(UpstreamFailure(.cut, "the connection was closed: \(error)"))))
        }
    }

    private static func failure(_ error: any Error) -> UpstreamFailure {
        switch error {
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            UpstreamFailure(.empty, "the connection was closed without an answer")
        case let error as HTTPParserError: UpstreamFailure(.malformed, "no HTTP: \(error)")
        default: UpstreamFailure(.unreachable, "\(error)")
        }
    }
}
