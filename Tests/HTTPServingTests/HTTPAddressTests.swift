import HTTPServing
import Testing

@Suite("Addresses of HTTP")
struct HTTPAddressTests {
    @Test("an address is read, and whether other machines can reach it is known")
    func addresses() throws {
        for (text, isLocal) in [
            ("127.0.0.1:8080", true), ("localhost:0", true), ("[::1]:80", true), ("127.1.2.3:1", true),
            ("0.0.0.0:80", false), ("[::]:80", false), ("example.org:80", false),
            ("127.0.0.1.example.org:80", false), ("10.0.0.1:80", false),
        ] {
            let address = try HTTPAddress(text)
            #expect(address.isLocal == isLocal && address.description == text, "\(text)")
        }
        for text in [
            "", ":80", "localhost", "localhost:", "localhost:65536", "::1:80", "http://localhost:80", "a b:80",
            "[[::1]]:80", "[[0]]:8", "]:80", "[::1:80",
        ] {
            #expect(throws: HTTPServingError.addressInvalid(text)) { try HTTPAddress(text) }
        }
    }

    @Test("an address that other machines can reach needs permission")
    func permission() throws {
        let open = HTTPAddress(host: "0.0.0.0", port: 1)
        #expect(throws: HTTPServingError.publicWithoutEncryption(open)) { try open.check(allowsPlaintext: false) }
        try open.check(allowsPlaintext: true)
        try HTTPAddress(host: "127.0.0.1", port: 1).check(allowsPlaintext: false)
    }
}
