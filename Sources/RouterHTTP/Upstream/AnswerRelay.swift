import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Routing

/// Passes an answer that has begun on to the client, piece by piece.
struct AnswerRelay: Sendable {
    /// The endpoint's status and headers.
    struct Head: Sendable {
        let status: Int
        let headers: HTTPHeaders
    }

    let head: Head
    let answer: UpstreamAnswer
    /// What is to be done first.
    let actions: [UpstreamAnswer.Action]
    let call: UpstreamCall
    let use: UpstreamUse

    /// The headers of the endpoint that clients get, too.
    private static let passed = ["content-type", "cache-control", "x-request-id", "retry-after", "content-encoding"]

    /// The response, with the endpoint's headers added to `headers`.
    func response(_ headers: HTTPFields) -> Response {
        var headers = headers
        for name in Self.passed {
            if let value = head.headers.first(name: name), let field = HTTPField.Name(name) { headers[field] = value }
        }
        let status = HTTPResponse.Status(code: head.status)
        if case .send(let bytes)? = actions.dropFirst().first, actions.last == .finish {
            // It is complete: no need for a task that waits.
            use.ended(nil, answer)
            return Response(
                status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        }
        // A stream may get comments, or an event `error`, that its own length does not count.
        let length = answer.isStream ? nil : head.headers.first(name: "content-length").flatMap(Int.init)
        return Response(
            status: status, headers: headers, body: ResponseBody(contentLength: length) { try await write(to: &$0) })
    }

    private func write(to writer: inout any ResponseBodyWriter) async throws {
        var answer = answer
        var actions = actions
        while true {
            for action in actions {
                switch action {
                case .begin: break
                case .send(let bytes): try await writer.write(ByteBuffer(bytes: bytes))
                case .finish:
                    use.ended(nil, answer)
                    return try await writer.finish(nil)
                case .breakOff(let failure, isStream: true):
                    use.ended(failure, answer)
                    return try await writer.finish(nil)
                case .breakOff(let failure, isStream: false), .fail(let failure):
                    // The client notices that its answer is not complete.
                    use.ended(failure, answer)
                    throw failure
                }
            }
            use.progressed(answer)
            switch await call.inbox.take(until: answer.nextDeadline) {
            case .clientLeft: throw RouterHTTPError.clientLeft
            case .head: actions = []
            case .answer(let event): actions = answer.handle(event, now: .now)
            }
        }
    }
}
