import Routing
import Scoring

/// The keys that clients send, and whose they are.
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

    /// The server's own key, and those of the fleet's clients by their variables. Throws `noKey` for a variable that is not
    /// set, and `sameKey`.
    init(_ key: String?, fleet: Fleet, environment: [String: String]) throws(RouterHTTPError) {
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
    }

    /// Whether a request may be served.
    func accept(_ authorization: String?) -> Bool {
        clients.isEmpty || authorization.map { clients[Digest(of: $0)] != nil } ?? false
    }

    /// What a request may see.
    func scope(_ authorization: String?) -> Scope {
        guard accept(authorization) else { return .nobody }
        return client(authorization).map { .client($0) } ?? .everyone
    }

    /// The client whose key it is; `nil` for the server's own key, and where there are no keys.
    func client(_ authorization: String?) -> String? {
        authorization.flatMap { clients[Digest(of: $0)] ?? nil }
    }
}
