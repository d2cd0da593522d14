import ArgumentParser
import CommandSupport
import HTTPServing

/// Web pages of other sites that may use an HTTP server.
struct OriginOptions: ParsableArguments {
    @Option(help: "Origin of web pages that may use the server (CORS), such as https://example.org. May be repeated.")
    var corsOrigin: [String] = []

    func validate() throws {
        for origin in corsOrigin where !CrossOrigin.isOrigin(origin) {
            throw ValidationError("--cors-origin \(origin): give scheme and host alone, such as https://example.org")
        }
    }
}
