import HTTPServing
import HTTPTypes
import Hummingbird
import JSON

/// Reads the JSON body of a request, within a limit of bytes and time.
struct RequestBody: Sendable {
    /// Bytes of a body.
    static let bytesMax = 64 << 20

    private let reader: BodyReader

    /// Reads bodies that are complete within `time`.
    init(within time: Duration) {
        reader = BodyReader(bytesMax: Self.bytesMax, time: time)
    }

    /// The body's value.
    ///
    /// Throws `unsupportedMediaType`, `tooLarge`, `requestTimeout`, `busy`, `invalidUTF8`, `invalidJSON`.
    func json(of request: Request, _ context: ServedContext) async throws -> JSONValue {
        // This also refuses web pages of other sites: a browser asks before it sends this type.
        let type = (request.headers[.contentType] ?? "").split(separator: ";").first ?? ""
        guard type.lowercased().filter({ $0 != " " }) == "application/json" else {
            throw HTTPFailure(
                .unsupportedMediaType, .unsupportedMediaType,
                "the body must be JSON, with the header Content-Type: application/json")
        }
        let bytes: [UInt8]
        do {
            bytes = try await reader.bytes(of: request, context)
        } catch let fault as BodyReader.Fault {
            throw failure(fault)
        }
        do {
            // Python writes NaN for a reward that is missing: it counts as null, whose outcome alone is rejected.
            return try JSONValue(reading: bytes, readsNaN: MissingRewards.areAll(in: bytes))
        } catch {
            throw HTTPFailure.invalid(
                error.kind == .invalidUTF8 ? .invalidUTF8 : .invalidJSON, nil, "the body is \(error)")
        }
    }

    private func failure(_ fault: BodyReader.Fault) -> HTTPFailure {
        switch fault {
        case .tooLarge:
            HTTPFailure(
                .contentTooLarge, .tooLarge, "the body has more than \(Self.bytesMax) bytes; split the request")
        case .late:
            HTTPFailure(
                .requestTimeout, .requestTimeout,
                "the body was not complete within \(reader.time ?? .zero)")
        case .crowded:
            HTTPFailure(
                .tooManyRequests, .busy, "the bodies of the requests in progress are too large together; try again",
                retryAfter: 1)
        case .encoded(let encoding):
            HTTPFailure(
                .unsupportedMediaType, .unsupportedMediaType,
                "the body has the encoding \(encoding.prefix(40)); send it without Content-Encoding",
                headers: [.acceptEncoding: "identity"])
        }
    }
}
