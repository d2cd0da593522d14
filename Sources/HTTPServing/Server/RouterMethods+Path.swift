public import HTTPTypes
public import Hummingbird

// A path and all of its methods: those that it has, and how the others are refused.

extension RouterMethods {
    /// Answers a request.
    public typealias PathHandler = @Sendable (Request, Context) async throws -> Response

    /// Serves a path by these methods. `HEAD` is answered like `GET` (`MethodMiddleware` removes the body), `OPTIONS` with the
    /// methods, and each other method with 405, `method_not_allowed`.
    @discardableResult
    public func serve(_ path: String, _ handlers: KeyValuePairs<HTTPRequest.Method, PathHandler>) -> Self {
        let get = handlers.first { $0.key == .get }?.value
        let allowed = handlers.map(\.key) + (get == nil ? [] : [.head]) + [.options]
        let allow = allowed.map(\.rawValue).joined(separator: ", ")
        for (method, handler) in handlers { on(RouterPath(path), method: method, use: handler) }
        if let get { on(RouterPath(path), method: .head, use: get) }
        on(RouterPath(path), method: .options) { _, _ in Response(status: .noContent, headers: [.allow: allow]) }
        for other in HTTPRequest.Method.known where !allowed.contains(other) {
            on(RouterPath(path), method: other) { request, _ -> Response in
                throw HTTPFailure(
                    .methodNotAllowed, "method_not_allowed",
                    "\(path) has no \(request.method.rawValue); it has \(allow)",
                    headers: [.allow: allow])
            }
        }
        return self
    }
}

extension HTTPRequest.Method {
    /// The methods of RFC 9110.
    static let known: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .delete, .connect, .options, .trace, .patch,
    ]
}
