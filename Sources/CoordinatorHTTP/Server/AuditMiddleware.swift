import HTTPServing
import HTTPTypes
import Hummingbird
import Keys

/// Records in the audit log which requests of holders of tokens change something, and what they led to. It stands behind the
/// check of tokens: requests that are refused there are counted, and change nothing.
struct AuditMiddleware: RouterMiddleware {
    typealias Context = ServedContext

    let audit: @Sendable (AuditedChange) -> Void

    /// Bytes of a path in the log, and of a name of a tenant that an operator chose.
    private static let textMax = 200

    func handle(
        _ request: Request, context: ServedContext, next: (Request, ServedContext) async throws -> Response
    ) async throws -> Response {
        guard request.method != .get, request.method != .head, case .holder(let grant)? = context.admission else {
            return try await next(request, context)
        }
        do {
            let response = try await next(request, context)
            record(request, context, grant, outcome: "\(response.status.code)")
            return response
        } catch {
            let failure = error as? HTTPFailure
            record(request, context, grant, outcome: failure.map { "\($0.status.code) \($0.code)" } ?? "failed")
            throw error
        }
    }

    private func record(
        _ request: Request, _ context: ServedContext, _ grant: KeyRing.Grant, outcome: String
    ) {
        var facts = ["path": String(request.uri.path.prefix(Self.textMax))]
        // An operator of all tenants may have chosen one.
        if grant.terms.tenant == nil, let named = request.headers[.tenant] {
            facts["named_tenant"] = String(named.prefix(Self.textMax))
        }
        audit(
            AuditedChange(
                key: grant.name, tenant: grant.terms.tenant,
                what: "\(request.method.rawValue) \(context.endpointPath ?? "no path")", outcome: outcome, facts: facts)
        )
    }
}
