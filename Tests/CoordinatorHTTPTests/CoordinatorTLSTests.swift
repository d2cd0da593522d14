import CoordinatorHTTP
import Foundation
import HTTPServing
import Keys
import TestSupport
import Testing

@Suite("HTTP of the coordinator over TLS", .enabled(if: TLSFiles.canBeMade, "needs the program openssl"))
struct CoordinatorTLSTests {
    @Test("with certificates the server speaks TLS alone, says so in its address, and still needs a token")
    func served() async throws {
        let files = try TLSFiles()
        let folder = KeyFolder(path: files.scratch.file("keys"))
        _ = try folder.addToken("o", role: .observer, output: files.scratch.file("o.token"), at: Date())
        let token = try TokenFile.secret(readingFrom: files.scratch.file("o.token"))
        let live = try LiveTokens(folder, at: Date())
        let certificates = try ServerCertificates(certificate: files.certificate, key: files.key)
        let served = try await Served {
            $0.certificates = certificates
            $0.tokens = live
        }
        let port = served.node.address.port
        #expect(served.node.url == "https://127.0.0.1:\(port)")
        #expect(try await TLSFiles.get(port: port, "/livez", trusting: files.certificate).status == 200)
        #expect(try await TLSFiles.get(port: port, "/v1/status", trusting: files.certificate).status == 401)
        let known = try await TLSFiles.get(port: port, "/v1/status", trusting: files.certificate, token: token)
        #expect(known.status == 200, "\(known.text)")
        let connection = try served.connect()
        let plain = await onOwnThread { connection.request("GET", "/livez") }
        #expect((plain.status, plain.code) == (400, "tls_required"))
        await served.node.stop()
    }

    @Test("an address that other machines can reach needs TLS and tokens, both", arguments: [true, false])
    func publicAddress(hasTokens: Bool) async throws {
        let files = try TLSFiles()
        let folder = KeyFolder(path: files.scratch.file("keys"))
        _ = try folder.addToken("o", role: .observer, output: files.scratch.file("o.token"), at: Date())
        let live = try LiveTokens(folder, at: Date())
        let certificates = try ServerCertificates(certificate: files.certificate, key: files.key)
        await #expect(throws: HTTPServingError.publicWithoutEncryption(HTTPAddress(host: "0.0.0.0", port: 0))) {
            _ = try await Served {
                $0 = CoordinatorHTTPServer.Configuration(address: HTTPAddress(host: "0.0.0.0", port: 0))
                if hasTokens { $0.tokens = live } else { $0.certificates = certificates }
            }
        }
    }
}
