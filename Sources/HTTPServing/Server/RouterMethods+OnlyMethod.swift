public import HTTPTypes
public import Hummingbird

// A path has one method; others are refused by name.

extension RouterMethods {
    /// Serves a path by one method, and refuses the other methods of RFC 9110 with `refusal`.
    @discardableResult
    public func route(
        _ path: RouterPath, only method: HTTPRequest.Method, refusal: HTTPFailure,
        use handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) -> Self {
        route(path, only: [method: handler], refusal: refusal)
    }

    /// Serves a path by some methods, and refuses the other methods of RFC 9110 with `refusal`.
    @discardableResult
    public func route(
        _ path: RouterPath, only handlers: [HTTPRequest.Method: @Sendable (Request, Context) async throws -> Response],
        refusal: HTTPFailure
    ) -> Self {
        for method in Self.methods {
            if let handler = handlers[method] {
                on(path, method: method, use: handler)
            } else {
                on(path, method: method) { _, _ -> Response in throw refusal }
            }
        }
        return self
    }

    private static var methods: [HTTPRequest.Method] {
        [.get, .head, .post, .put, .delete, .connect, .options, .trace, .patch]
    }
}
