import Foundation
import HTTPServing
import RouterHTTP
import TestSupport
import Testing

@Suite("route serve over TLS", .enabled(if: TLSFiles.canBeMade, "needs the program openssl"))
struct RouterTLSTests {
    @Test("requests are answered over TLS, also after the certificate was replaced; plain text is refused in words")
    func served() async throws {
        let files = try TLSFiles()
        let certificates = try ServerCertificates(certificate: files.certificate, key: files.key)
        let url = "http://127.0.0.1:9/v1"
        let fleet = try RouterUnderTest.fleet(cheap: url, expensive: url)
        let router = try await RouterUnderTest(fleet, histories: RouterUnderTest.histories) {
            $0.certificates = certificates
        }
        let first = try await TLSFiles.get(port: router.port, "/v1/models", trusting: files.certificate)
        #expect(first.status == 200 && first.text.contains("statezero"), "\(first.text)")
        let plain = try await router.get("/v1/models")
        #expect((plain.status, plain.code) == (400, "tls_required"), "\(plain.text)")
        try FileManager.default.removeItem(atPath: files.key)
        try files.make()
        try certificates.reload()
        #expect(try await TLSFiles.get(port: router.port, "/livez", trusting: files.certificate).status == 200)
        await router.stop()
    }

    @Test("an address that other machines can reach is refused with TLS alone")
    func publicAddress() async throws {
        let files = try TLSFiles()
        let certificates = try ServerCertificates(certificate: files.certificate, key: files.key)
        let url = "http://127.0.0.1:9/v1"
        let fleet = try RouterUnderTest.fleet(cheap: url, expensive: url)
        await #expect(throws: RouterHTTPError.self) {
            _ = try await RouterUnderTest(fleet, histories: RouterUnderTest.histories) {
                $0.host = "0.0.0.0"
                $0.certificates = certificates
            }
        }
    }
}
