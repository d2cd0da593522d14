import Cluster
import HTTPServing
import HTTPTypes
import Hummingbird
import Keys

// Which part of the cluster a request is about: by its token, and by a header of operators.

extension ServedContext {
    /// What the sender of a request may see and change: all of the cluster for operators without a tenant, else what is its
    /// tenant's. The header `X-StateZero-Tenant` narrows the first to one tenant.
    ///
    /// Throws `tenant_refused`, 403, where it names another tenant than the token's, or what cannot name one.
    func scope(of request: Request) throws(HTTPFailure) -> Scope {
        guard let admission else { throw HTTPFailure.notAdmitted }
        let own: Scope =
            switch admission {
            case .anybody: .all
            case .holder(let grant): grant.scope
            }
        guard let named = request.headers[.tenant] else { return own }
        guard KeyTerms.isTenant(named) else {
            throw HTTPFailure(
                .forbidden, .tenantRefused, "\"\(named.prefix(80))\" cannot name a tenant", param: "X-StateZero-Tenant")
        }
        guard own == .all || own.tenant == named else {
            throw HTTPFailure(
                .forbidden, .tenantRefused, "the token is not of the tenant \"\(named)\"", param: "X-StateZero-Tenant")
        }
        return .tenant(named)
    }
}

extension KeyRing.Grant {
    /// Operators whose token has no tenant see everything; others see what is their tenant's, or what is no tenant's.
    fileprivate var scope: Scope {
        guard terms.tenant == nil, role == .admin || role == .observer else { return .tenant(terms.tenant) }
        return .all
    }
}

extension HTTPField.Name {
    /// Names the tenant that an operator asks about.
    static let tenant: HTTPField.Name = {
        guard let name = HTTPField.Name("X-StateZero-Tenant") else { preconditionFailure("it is a name of HTTP") }
        return name
    }()
}

extension HTTPFailure {
    /// The path is served without a check of tokens: a fault of this program, which must not answer for it.
    fileprivate static let notAdmitted = HTTPFailure(
        .internalServerError, "not_admitted", "this path does not check tokens, and cannot answer; please report it")
}
