import Hummingbird

/// Where an answer ends, for what counts or traces requests.
enum AnswerEnd {
    /// What Hummingbird names the endpoint of a request without a route.
    static let noRoute = "NotFound"
    /// The status of a request whose connection ended before it was answered.
    static let closed = 499

    /// Serves a request, and calls `end` with its status once: when the last bytes of a streamed answer were written, or the
    /// request was given up.
    static func serve(
        _ serve: () async throws -> Response, end: @escaping @Sendable (_ status: Int) -> Void
    ) async throws -> Response {
        var response: Response
        do {
            response = try await serve()
        } catch {
            end(closed)
            throw error
        }
        let code = response.status.code
        guard response.body.contentLength == nil else {
            end(code)
            return response
        }
        let body = response.body
        response.body = ResponseBody { writer in
            defer { end(code) }
            try await body.write(writer)
        }
        return response
    }
}
