import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import JSON
import NIOCore

/// JSON in the form that OpenAI's clients read. Knows nothing of routing.
enum JSONBody {
    /// The bytes of a value; an empty object where it cannot be written, which a value of finite numbers always can.
    static func bytes(_ value: some Encodable) -> [UInt8] {
        Array((try? JSONEncoder.line.encode(value)) ?? Data("{}".utf8))
    }

    /// A successful answer.
    static func response(_ value: some Encodable, headers: HTTPFields = HTTPFields()) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes(value))))
    }

    /// The body of a failure.
    static func bytes(of failure: HTTPFailure) -> [UInt8] {
        bytes(
            ErrorBody(
                error: .init(
                    message: failure.message,
                    type: failure.status.code >= 500 ? "server_error" : "invalid_request_error", code: failure.code)))
    }

    private struct ErrorBody: Encodable {
        struct Inner: Encodable {
            let message: String
            let type: String
            let code: String
        }
        let error: Inner
    }
}
