import HTTPServing
import HTTPTypes
import Hummingbird
import NIOCore
import Scoring

/// Who sent a request: connection, client and session.
struct Caller: Sendable {
    let connection: CallerConnection
    /// For timers.
    let eventLoop: any EventLoop
    /// The client's name in the fleet file; `nil` without one.
    let client: String?
    /// The session's id, as a digest; `nil` without one.
    let session: String?

    private static let sessionHeader = HTTPField.Name("x-session-id")
    /// Bytes of a session's id.
    private static let sessionMax = 256

    /// Reads the headers of a request. Throws `bad_session` for an id that is empty or too long.
    init(_ request: Request, client: String?, channel: any Channel, connections: CallerConnections) throws(HTTPFailure)
    {
        connection = connections.connection(of: channel)
        eventLoop = channel.eventLoop
        self.client = client
        guard let id = Self.sessionHeader.flatMap({ request.headers[$0] }) else {
            session = nil
            return
        }
        guard 1...Self.sessionMax ~= id.utf8.count else {
            throw HTTPFailure(
                .badRequest, "bad_session", "x-session-id has \(id.utf8.count) bytes; give 1 to \(Self.sessionMax)")
        }
        // Two clients may use the same id.
        session = Digest(of: "\(client ?? "")\u{0}\(id)").hex
    }
}
