import HTTPServing
import HTTPTypes
import Keys
import Routing
import Scoring

/// The keys and tokens that clients send, and whose they are.
///
/// Keys are kept and compared as digests: how long a comparison takes says nothing about a key.
struct ClientKeys: Sendable {
    /// What a request may see of the clients' spending.
    enum Scope: Hashable {
        /// Every client: the server has no keys, or the key is the server's own.
        case everyone
        /// One client, whose key it is.
        case client(String)
        /// None: the request has no key of the server.
        case nobody

        /// Whether it may see what a client spends.
        func sees(_ client: String) -> Bool { self == .everyone || self == .client(client) }
    }

    private let clients: [Digest: String?]
    private let tokens: LiveTokens?
    /// The fleet's clients; a token of such a name has the client's limits.
    private let names: Set<String>

    /// The server's own key, and those of the fleet's clients by their variables. Throws `noKey` for a variable that is not
    /// set, and `sameKey`.
    init(
        _ key: String?, fleet: Fleet, environment: [String: String], tokens: LiveTokens? = nil
    ) throws(RouterHTTPError) {
        var clients: [Digest: String?] = [:]
        if let key { clients[Digest(of: "Bearer \(key)")] = .some(nil) }
        for client in fleet.clients {
            guard let key = environment[client.keyVariable], !key.isEmpty else {
                throw .noKey(variable: client.keyVariable, owner: client.name)
            }
            guard clients.updateValue(client.name, forKey: Digest(of: "Bearer \(key)")) == nil else {
                throw .sameKey(client: client.name, variable: client.keyVariable)
            }
        }
        self.clients = clients
        self.tokens = tokens
        names = Set(fleet.clients.map(\.name))
    }

    /// Throws 401 for a request without a key of the server or an admitted token, and 403 for a token whose role permits
    /// none of `accesses`.
    func check(_ authorization: String?, _ accesses: [Access]) throws(HTTPFailure) {
        if isKey(authorization) { return }
        if let tokens {
            let grant = try BearerToken.check(authorization, tokens, accesses)
            // A router has no tenants: outcomes and figures are of all. Answers are the client's alone.
            guard let tenant = grant.terms.tenant, accesses != [.score], grant.role != .client else { return }
            throw HTTPFailure(
                .forbidden, "tenant_refused",
                "the token \"\(grant.name)\" is of the tenant \"\(tenant)\", and a router has no tenants; use a token without "
                    + "one")
        }
        guard clients.isEmpty else {
            throw HTTPFailure(.unauthorized, "invalid_api_key", "send the router's key as Authorization: Bearer")
        }
    }

    /// The same for what a server shows without tokens to everybody.
    func checkFigures(_ authorization: String?) throws(HTTPFailure) {
        if tokens != nil { try check(authorization, Self.figures) }
    }

    /// Who may read figures. Holders of tokens for answers see what they spend themselves.
    static let figures: [Access] = [.observe, .score]

    /// What a request may see.
    func scope(_ authorization: String?) -> Scope {
        if let client = client(authorization) { return .client(client) }
        if isKey(authorization) || (clients.isEmpty && tokens == nil) { return .everyone }
        return grant(authorization)?.role.permits(.observe) == true ? .everyone : .nobody
    }

    /// The client whose key or token it is; `nil` for the server's own key, for tokens of other names, and where there are
    /// no keys.
    func client(_ authorization: String?) -> String? {
        if isKey(authorization) { return authorization.flatMap { clients[Digest(of: $0)] ?? nil } }
        return grant(authorization).flatMap { names.contains($0.name) ? $0.name : nil }
    }

    private func isKey(_ authorization: String?) -> Bool {
        authorization.map { clients[Digest(of: $0)] != nil } ?? false
    }

    private func grant(_ authorization: String?) -> KeyRing.Grant? {
        tokens.flatMap { try? BearerToken.grant(authorization, $0) }
    }
}
