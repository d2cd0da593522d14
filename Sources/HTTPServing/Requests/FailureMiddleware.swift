import HTTPTypes
public import Hummingbird
import NIOCore

/// Answers what a handler throws: the failure's status, its headers, and JSON.
///
/// An error that is not an `HTTPFailure` is converted by `failure`, or rethrown where that is `nil`: then the
/// connection ends, because nobody reads an answer.
public struct FailureMiddleware<Context: RequestContext>: RouterMiddleware {
    /// How failures are answered.
    public struct Format: Sendable {
        /// The JSON of a failure.
        public var body: @Sendable (HTTPFailure) -> [UInt8]
        /// Converts another error to a failure.
        public var failure: @Sendable (any Error) -> HTTPFailure?
        /// Called with each failure, and the error that it was made from.
        public var onFailure: @Sendable (HTTPFailure, any Error) -> Void

        /// A format of failures.
        public init(
            body: @escaping @Sendable (HTTPFailure) -> [UInt8],
            failure: @escaping @Sendable (any Error) -> HTTPFailure? = { _ in nil },
            onFailure: @escaping @Sendable (HTTPFailure, any Error) -> Void = { _, _ in }
        ) {
            self.body = body
            self.failure = failure
            self.onFailure = onFailure
        }
    }

    private let format: Format

    /// Answers in a format.
    public init(_ format: Format) {
        self.format = format
    }

    /// Answers failures as JSON. Throws other errors.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            guard let failure = error as? HTTPFailure ?? Self.noRoute(error) ?? format.failure(error) else {
                throw error
            }
            format.onFailure(failure, error)
            return response(to: failure)
        }
    }

    /// Hummingbird's error for a path that it does not have.
    private static func noRoute(_ error: any Error) -> HTTPFailure? {
        guard let error = error as? HTTPError, error.status == .notFound else { return nil }
        return .notFound
    }

    private func response(to failure: HTTPFailure) -> Response {
        var headers = failure.headers
        headers[.contentType] = "application/json"
        if let seconds = failure.retryAfter { headers[.retryAfter] = String(seconds) }
        return Response(
            status: failure.status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: format.body(failure))))
    }
}
