import ArgumentParser
import CommandSupport
import HTTPServing

/// Web pages that may use an HTTP server, and the names by which it is reached.
struct SiteOptions: ParsableArguments {
    @Option(help: "Origin of web pages that may use the server (CORS), such as https://example.org. May be repeated.")
    var corsOrigin: [String] = []
    @Option(
        help: """
            Name by which clients reach a server at a local address, for example through a proxy that passes the Host \
            header on. Its addresses, localhost and the machine's own name are known. May be repeated.
            """)
    var hostName: [String] = []

    func validate() throws {
        for origin in corsOrigin where !CrossOrigin.isOrigin(origin) {
            throw ValidationError("--cors-origin \(origin): give scheme and host alone, such as https://example.org")
        }
        for name in hostName where name.isEmpty || name.contains(where: { ":/ ".contains($0) }) {
            throw ValidationError("--host-name \(name): give a name alone, without scheme and port")
        }
    }
}
