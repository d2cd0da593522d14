import JSON
import HTTPTypes
import Hummingbird
import NIOCore

/// Reads a request's body as JSON, no more of it than is allowed and no longer than is reasonable.
enum BodyReader {
    /// Bytes of a body.
    static let bytesMax = 64 << 20

    /// What the request says of its body's size; the largest size where it says nothing. Throws `tooLarge`.
    static func declaredBytes(of request: Request) throws(APIError) -> Int {
        guard request.method == .post else { return 0 }
        guard let text = request.headers[.contentLength] else { return bytesMax }
        guard let bytes = Int(text), bytes <= bytesMax else { throw tooLarge }
        return bytes
    }

    private static let tooLarge = APIError(
        status: .contentTooLarge, code: .tooLarge,
        message: "the body has more than \(bytesMax) bytes; split the request")

    /// The body's value.
    ///
    /// Throws `unsupportedMediaType`, `tooLarge`, `requestTimeout`, `invalidUTF8`, `invalidJSON`.
    static func json(of request: Request, within time: Duration) async throws -> JSONValue {
        // Also keeps web pages of others out: they cannot send this type without being asked first.
        let type = (request.headers[.contentType] ?? "").split(separator: ";").first ?? ""
        guard type.lowercased().filter({ $0 != " " }) == "application/json" else {
            throw APIError(
                status: .unsupportedMediaType, code: .unsupportedMediaType,
                message: "the body must be JSON, with the header Content-Type: application/json")
        }
        let bytes = try await collect(request, within: time)
        do {
            return try JSONValue(reading: bytes)
        } catch {
            throw APIError.invalid(
                error.kind == .invalidUTF8 ? .invalidUTF8 : .invalidJSON, nil, "the body is \(error)")
        }
    }

    private static func collect(_ request: Request, within time: Duration) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask {
                var bytes: [UInt8] = []
                for try await part in request.body {
                    guard bytes.count + part.readableBytes <= bytesMax else { throw tooLarge }
                    bytes.append(contentsOf: part.readableBytesView)
                }
                return bytes
            }
            group.addTask {
                try await Task.sleep(for: time)
                return nil
            }
            defer { group.cancelAll() }
            guard let bytes = try await group.next() ?? nil else {
                throw APIError(
                    status: .requestTimeout, code: .requestTimeout,
                    message: "the body did not come in within \(time)")
            }
            return bytes
        }
    }
}
