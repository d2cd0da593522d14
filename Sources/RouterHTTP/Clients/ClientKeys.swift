import Routing
import Scoring

/// The keys that clients send, and whose they are.
///
/// Keys are kept and compared as digests: how long a comparison takes says nothing about a key.
struct ClientKeys: Sendable {
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

    /// The client whose key it is; `nil` for the server's own key, and where there are no keys.
    func client(_ authorization: String?) -> String? {
        authorization.flatMap { clients[Digest(of: $0)] ?? nil }
    }
}
