import AsyncHTTPClient
import Foundation
import HTTPServing
import NIOCore
import NIOSSL
import TestSupport
import Testing

@Suite("HTTP over TLS", .enabled(if: FileManager.default.isExecutableFile(atPath: TLSTests.openssl)))
struct TLSTests {
    static let openssl = "/usr/bin/openssl"

    /// A key and a certificate of its own for 127.0.0.1.
    private struct Files {
        let scratch: ScratchFolder
        var key: String { scratch.file("key.pem") }
        var certificate: String { scratch.file("certificate.pem") }

        init() throws {
            scratch = try ScratchFolder()
            try make()
        }

        func make() throws {
            let process = Process()
            process.executableURL = URL(filePath: TLSTests.openssl)
            process.arguments =
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test -addext"
                .split(separator: " ").map(String.init)
                + ["subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        }

        func certificates() throws -> ServerCertificates {
            try ServerCertificates(certificate: certificate, key: key)
        }
    }

    /// One request by a client that trusts the certificates of a file alone.
    private func get(_ server: SmallServer, trusting file: String) async throws -> String {
        var trust = TLSConfiguration.makeClientConfiguration()
        trust.trustRoots = .file(file)
        var settings = HTTPClient.Configuration()
        settings.tlsConfiguration = trust
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        let answer: Result<String, any Error>
        do {
            let request = HTTPClientRequest(url: "https://127.0.0.1:\(server.port)/ok")
            let response = try await client.execute(request, timeout: .seconds(100))
            answer = .success(String(buffer: try await response.body.collect(upTo: 1 << 20)))
        } catch {
            answer = .failure(error)
        }
        try await client.shutdown()
        return try answer.get()
    }

    @Test("a client that trusts the certificate is answered; plain text and a client of another certificate are not")
    func served() async throws {
        let (files, others) = (try Files(), try Files())
        let server = try await SmallServer(certificates: try files.certificates())
        #expect(try await get(server, trusting: files.certificate) == "ok")
        #expect(try await server.exchange("GET /ok HTTP/1.1\r\nHost: x\r\n\r\n").contains("ok") == false)
        await #expect(throws: (any Error).self) { _ = try await get(server, trusting: others.certificate) }
        #expect(try await get(server, trusting: files.certificate) == "ok")
        #expect(await eventually { server.connections.count == 0 })
        await server.stop()
    }

    @Test("a certificate that was replaced is used after a reload, and damaged files change nothing")
    func reload() async throws {
        let files = try Files()
        let certificates = try files.certificates()
        let server = try await SmallServer(certificates: certificates)
        #expect(try await get(server, trusting: files.certificate) == "ok")
        let old = files.scratch.file("old.pem")
        try FileManager.default.copyItem(atPath: files.certificate, toPath: old)
        try FileManager.default.removeItem(atPath: files.key)
        try files.make()
        #expect(try await get(server, trusting: old) == "ok", "not read yet")
        try certificates.reload()
        #expect(try await get(server, trusting: files.certificate) == "ok")
        await #expect(throws: (any Error).self) { _ = try await get(server, trusting: old) }
        try Data("nothing".utf8).write(to: URL(filePath: files.certificate))
        #expect(throws: HTTPServingError.self) { try certificates.reload() }
        await server.stop()
    }

    @Test("a key that others may read, a foreign key and missing files are refused by name")
    func refused() throws {
        let (files, others) = (try Files(), try Files())
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: files.key)
        for (certificate, key, reason) in [
            (files.certificate, files.key, "chmod 600"), (files.certificate, others.key, "does not go with the key"),
            (files.certificate, "/nowhere", "No such file"), ("/nowhere", others.key, "/nowhere: is no certificate"),
            (others.key, others.key, "no certificate"), (others.certificate, others.certificate, "chmod 600"),
        ] {
            let error = #expect(throws: HTTPServingError.self) {
                _ = try ServerCertificates(certificate: certificate, key: key)
            }
            #expect("\(try #require(error))".contains(reason))
        }
    }
}
