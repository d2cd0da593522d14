import Foundation
import HTTPTypes

/// Which web pages may use a server, and by which names it is reached. Protects a server that only this machine can reach
/// from the pages in this machine's browsers, which can reach it too.
public struct SiteRules: Sendable {
    /// Origins of web pages of other sites that may use the server, such as `https://example.org`.
    public let origins: [String]
    /// Host names of the server, in lower case; `nil` where any name is answered.
    private let hostNames: Set<String>?

    /// Rules of a server at an address.
    ///
    /// A server that listens at a local address is answered by its address, as `localhost`, by the machine's own name, and
    /// by `hostNames`: a page whose name was changed to mean this machine (DNS rebinding) is not. A server at another
    /// address has names that it cannot know, so all are answered.
    public init(address: HTTPAddress, origins: [String] = [], hostNames: [String] = []) {
        self.origins = origins
        let own = ProcessInfo.processInfo.hostName
        self.hostNames = address.isLocal ? Set((hostNames + [own]).map { $0.lowercased() }) : nil
    }

    /// Why a request is refused; `nil` where it is answered. Cost: O(length).
    ///
    /// - Parameters:
    ///   - authority: The `Host` header.
    ///   - origin: The `Origin` header, which browsers send with each request that may change something.
    ///   - isRead: Whether the method changes nothing.
    package func refusal(authority: String?, origin: String?, isRead: Bool) -> HTTPFailure? {
        if let authority, !isKnown(authority) {
            return HTTPFailure(
                .forbidden, "host_refused",
                "this server is not called \(authority.prefix(80)); use its address, or start it with --host-name")
        }
        guard !isRead, let origin, !isSame(origin, authority), !origins.contains(origin) else { return nil }
        return HTTPFailure(
            .forbidden, "origin_refused",
            "web pages of \(origin.prefix(80)) may not use this server; its operator can allow them with --cors-origin")
    }

    /// Whether a page comes from this server itself.
    private func isSame(_ origin: String, _ authority: String?) -> Bool {
        guard let authority else { return false }
        return origin == "http://\(authority)" || origin == "https://\(authority)"
    }

    private func isKnown(_ authority: String) -> Bool {
        guard let hostNames else { return true }
        let host = Self.host(of: authority).lowercased()
        return host == "localhost" || host.hasSuffix(".localhost") || Self.isAddress(host) || hostNames.contains(host)
    }

    /// The host of `HOST`, `HOST:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`.
    private static func host(of authority: String) -> Substring {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return authority[authority.index(after: authority.startIndex)..<end]
        }
        return authority.prefix { $0 != ":" }
    }

    /// Whether a host is an address, which no name server can change.
    private static func isAddress(_ host: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1
    }
}
