import Foundation
import HTTPTypes
import Hummingbird

/// An answer that is no success, in the form that OpenAI's clients understand. Knows nothing of routing.
struct HTTPFailure: Error {
    let status: HTTPResponse.Status
    /// For programs, in `snake_case`.
    let code: String
    /// For people.
    let message: String
    /// Seconds after which to try again.
    var retryAfter: Int?
    /// Further headers.
    var headers = HTTPFields()

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String, retryAfter: Int? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    /// As it goes over the wire.
    var response: Response {
        var headers = headers
        headers[.contentType] = "application/json"
        if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
        let body = Body(
            error: .init(
                message: message, type: status.code >= 500 ? "server_error" : "invalid_request_error", code: code)
        )
        return Response(status: status, headers: headers, body: .init(byteBuffer: JSONBody.buffer(body)))
    }

    private struct Body: Encodable {
        struct Inner: Encodable {
            let message: String
            let type: String
            let code: String
        }
        let error: Inner
    }
}

/// JSON over the wire. Knows nothing of routing.
enum JSONBody {
    /// The bytes of a value; an empty object where it cannot be written, which a value of finite numbers always can.
    static func buffer(_ value: some Encodable) -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ByteBuffer(bytes: (try? encoder.encode(value)) ?? Data("{}".utf8))
    }

    /// A successful answer.
    static func response(_ value: some Encodable, headers: HTTPFields = HTTPFields()) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: buffer(value)))
    }
}
