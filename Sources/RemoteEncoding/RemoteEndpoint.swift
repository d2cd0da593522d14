import Foundation

/// Where an OpenAI-compatible embeddings API answers, and the key that it wants.
public struct RemoteEndpoint: Sendable, Equatable, CustomStringConvertible {
    /// The API's root without a slash at its end, as `http://127.0.0.1:8000/v1`.
    public let url: String
    /// Sent as a bearer token; never in a message, a log or an identity.
    let key: String?

    /// Reads an `http` or `https` URL. Without a path, `/v1` is added; `/embeddings` at the end is removed.
    ///
    /// Throws `url` for other texts, and for user names and passwords in them.
    public init(_ text: String, key: String? = nil) throws(RemoteError) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased() else {
            throw .url(text, reason: "it is no URL")
        }
        guard scheme == "http" || scheme == "https" else {
            throw .url(text, reason: "it must begin with http:// or https://")
        }
        guard let host = parts.host, !host.isEmpty else { throw .url(text, reason: "it has no host") }
        guard parts.user == nil, parts.password == nil else {
            throw .url("\(scheme)://…@\(host)", reason: "a user name or password in it would be shown in messages")
        }
        guard parts.query == nil, parts.fragment == nil else {
            throw .url(text, reason: "it has a query or a fragment")
        }
        var root = text.prefix { $0 != "?" && $0 != "#" }
        while root.hasSuffix("/") { root.removeLast() }
        if root.hasSuffix("/embeddings") { root.removeLast("/embeddings".count) }
        let hasPath = !parts.path.allSatisfy { $0 == "/" }
        url = hasPath ? String(root) : root + "/v1"
        self.key = key
    }

    /// The URL; the key is not in it.
    public var description: String { url }

    var embeddings: String { url + "/embeddings" }
    var models: String { url + "/models" }

    /// A text of the server without the key, should the server repeat it.
    func withoutKey(_ text: String) -> String {
        guard let key, !key.isEmpty else { return text }
        return text.replacing(key, with: "…")
    }
}
