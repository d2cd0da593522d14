import HTTPTypes
import Hummingbird
import JSON
import NIOCore

// JSON as the coordinator answers it: with a line end, so that it reads well in a terminal.

extension Response {
    /// A successful answer.
    static func json(_ bytes: [UInt8]) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes.withLineEnd)))
    }

    /// A successful answer with these members.
    static func json(_ members: (inout JSONWriter) -> Void) -> Response { json(JSONWriter.object(members)) }
}

extension [UInt8] {
    /// The same bytes and a line end.
    var withLineEnd: [UInt8] { self + [UInt8(ascii: "\n")] }
}
