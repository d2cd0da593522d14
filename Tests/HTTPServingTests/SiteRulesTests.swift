import HTTPServing
import Testing

@Suite("SiteRules: pages of other sites, and names that are not the server's")
struct SiteRulesTests {
    private let local = SiteRules(
        address: HTTPAddress(host: "127.0.0.1", port: 80), origins: ["https://allowed.example"],
        hostNames: ["Gateway.example"])

    private func code(_ rules: SiteRules, _ authority: String?, _ origin: String? = nil, isRead: Bool = true) -> String?
    {
        rules.refusal(authority: authority, origin: origin, isRead: isRead)?.code
    }

    @Test(
        "a local server answers by its addresses, localhost and the names that it was given",
        arguments: [
            "127.0.0.1", "127.0.0.1:8080", "10.1.2.3", "[::1]:80", "[::1]", "localhost:1", "LOCALHOST", "a.localhost",
            "gateway.example:443",
        ])
    func known(authority: String) {
        #expect(code(local, authority) == nil)
    }

    @Test(
        "another name is refused: a page's own name may have been changed to mean this machine",
        arguments: ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[evil", "", "localhost.evil.example"])
    func unknown(authority: String) {
        #expect(code(local, authority) == "host_refused")
        let open = SiteRules(address: HTTPAddress(host: "0.0.0.0", port: 80))
        #expect(code(open, authority) == nil, "a public server has names that it cannot know")
    }

    @Test("a page of another site may read nothing that changes something, unless it is allowed")
    func origins() {
        #expect(code(local, "localhost:80", "https://evil.example", isRead: false) == "origin_refused")
        #expect(code(local, "localhost:80", "null", isRead: false) == "origin_refused")
        #expect(code(local, "localhost:80", "http://localhost:81", isRead: false) == "origin_refused")
        #expect(code(local, "localhost:80", "https://allowed.example", isRead: false) == nil)
        #expect(code(local, "localhost:80", "http://localhost:80", isRead: false) == nil, "its own page")
        #expect(code(local, "localhost:80", nil, isRead: false) == nil, "no browser")
        #expect(code(local, "localhost:80", "https://evil.example", isRead: true) == nil)
    }
}
