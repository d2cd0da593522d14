import Foundation
import HTTPTypes
package import Keys

/// The token of a request, from its header `Authorization: Bearer TOKEN`, and why it is refused.
package enum BearerToken {
    /// The grant of an admitted token. Throws `token_missing` and `token_unknown`, both 401.
    package static func grant(_ authorization: String?, _ tokens: LiveTokens) throws(HTTPFailure) -> KeyRing.Grant {
        let parts = (authorization ?? "").split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw unauthorized(
                "token_missing", "this server needs a token: send the header Authorization: Bearer TOKEN")
        }
        guard let grant = tokens.grant(of: parts[1], at: Date()) else {
            throw unauthorized(
                "token_unknown", "the token is not admitted, or no longer; ask the server's operator for one")
        }
        return grant
    }

    /// The grant of a request that its token permits. Throws like `grant(_:_:)`; `role_refused`, 403, where the token's role
    /// permits none of `accesses`; `rate_exceeded`, 429, where the token was used too often.
    @discardableResult
    package static func check(
        _ authorization: String?, _ tokens: LiveTokens, _ accesses: [Access]
    ) throws(HTTPFailure) -> KeyRing.Grant {
        let grant = try grant(authorization, tokens)
        if let wait = tokens.rates.excess(of: grant) {
            throw HTTPFailure(
                .tooManyRequests, "rate_exceeded",
                "the token \"\(grant.name)\" may send \(grant.terms.messagesPerSecond ?? 0) requests a second; try again "
                    + "later", retryAfter: max(1, Int((wait / .seconds(1)).rounded(.up))))
        }
        guard accesses.contains(where: { grant.role.permits($0) }) else {
            throw HTTPFailure(
                .forbidden, "role_refused",
                "the token \"\(grant.name)\" has the role \(grant.role.rawValue), which does not permit this request")
        }
        return grant
    }

    /// The codes of refusals.
    package static let codes = ["token_missing", "token_unknown", "role_refused", "tenant_refused", "rate_exceeded"]

    private static func unauthorized(_ code: String, _ message: String) -> HTTPFailure {
        HTTPFailure(.unauthorized, code, message, headers: [.wwwAuthenticate: "Bearer realm=\"statezero\""])
    }
}
