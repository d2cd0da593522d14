import HTTPTypes
public import Hummingbird

/// Whether web pages of other sites may use a server (CORS). Off unless an operator names the sites.
public enum CrossOrigin {
    /// Whether a text is an origin as browsers send it, such as `https://example.org` or `http://localhost:3000`.
    public static func isOrigin(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else { return false }
        let rest = text.dropFirst(scheme.count)
        return !rest.isEmpty && rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
    }

    /// The middleware for origins; `nil` for none. Browsers may then send the methods and headers of this server, and read
    /// `headers` of its answers. Cookies are never allowed.
    public static func middleware<Context: RequestContext>(
        _ origins: [String], exposing headers: [String] = []
    ) -> OriginsMiddleware<Context>? {
        origins.isEmpty ? nil : OriginsMiddleware(origins, exposing: headers)
    }
}

/// Hummingbird's `CORSMiddleware` takes its origins as arguments of a call, which a list from a command line cannot be; this
/// chooses the request's own origin from the list first.
public struct OriginsMiddleware<Context: RequestContext>: RouterMiddleware {
    private let byOrigin: [String: CORSMiddleware<Context>]

    init(_ origins: [String], exposing headers: [String]) {
        byOrigin = Dictionary(
            uniqueKeysWithValues: Set(origins).map { origin in
                (
                    origin,
                    CORSMiddleware(
                        allowOrigin: .oneOf(origin), allowHeaders: Self.allowed,
                        allowMethods: [.get, .head, .post, .delete, .options], exposedHeaders: headers)
                )
            })
    }

    private static var allowed: [HTTPField.Name] {
        [.accept, .authorization, .contentType] + [HTTPField.Name("x-session-id")].compactMap(\.self)
    }

    /// Answers a request; one of another origin gets no permission, and its page cannot read the answer.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let middleware = request.headers[.origin].flatMap({ byOrigin[$0] }) else {
            return try await next(request, context)
        }
        return try await middleware.handle(request, context: context, next: next)
    }
}
