import Foundation
import HTTPServing
import NIOCore
import NIOPosix
import NIOSSL
import TestSupport
import Testing

@Suite("HTTP over TLS", .enabled(if: TLSFiles.canBeMade, "needs the program openssl"), .timeLimit(.minutes(5)))
struct TLSTests {
    /// Longer than any stall of the machine.
    private static let never = Duration.seconds(600)

    private static func certificates(_ files: TLSFiles) throws -> ServerCertificates {
        try ServerCertificates(certificate: files.certificate, key: files.key)
    }

    private func text(_ server: SmallServer, trusting file: String) async throws -> String {
        try await TLSFiles.get(port: server.port, "/ok", trusting: file).text
    }

    /// Opens a connection, makes the handshake, and does nothing more.
    private func hold(_ server: SmallServer, trusting file: String) async throws -> any Channel {
        var trust = TLSConfiguration.makeClientConfiguration()
        trust.trustRoots = .file(file)
        let context = try NIOSSLContext(configuration: trust)
        return try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(context: context, serverHostname: nil)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: "127.0.0.1", port: server.port).get()
    }

    @Test("a client that trusts the certificate is answered; one that trusts another certificate is not")
    func served() async throws {
        let (files, others) = (try TLSFiles(), try TLSFiles())
        let server = try await SmallServer(certificates: try Self.certificates(files))
        #expect(try await text(server, trusting: files.certificate) == "ok")
        await #expect(throws: (any Error).self) { _ = try await text(server, trusting: others.certificate) }
        #expect(try await text(server, trusting: files.certificate) == "ok")
        #expect(await eventually { server.connections.count == 0 })
        await server.stop()
    }

    @Test("a client without TLS is answered that it should use https")
    func plainText() async throws {
        let files = try TLSFiles()
        let server = try await SmallServer(certificates: try Self.certificates(files)) {
            $0.handshakeTime = Self.never
            $0.lingerTime = Self.never
        }
        let long = String(repeating: "x", count: 1 << 20)
        for request in ["GET /ok HTTP/1.1\r\nHost: x\r\n\r\n", "POST /size HTTP/1.1\r\n\r\n" + long, "nonsense"] {
            let answer = try await server.exchange(request)
            #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.hasSuffix(#"{"error":{"code":"tls_required"}}"#))
        }
        #expect(await eventually { server.connections.count == 0 })
        #expect(try await text(server, trusting: files.certificate) == "ok")
        await server.stop()
    }

    @Test("a client without TLS that keeps its connection loses it a moment after the answer")
    func keptPlainText() async throws {
        let files = try TLSFiles()
        let server = try await SmallServer(certificates: try Self.certificates(files)) {
            $0.handshakeTime = Self.never
            $0.lingerTime = .milliseconds(50)
        }
        let kept = try LoopbackHTTP(port: server.port)
        #expect(await eventually { server.connections.count == 1 })
        kept.write("GET /ok HTTP/1.1\r\n\r\n")
        #expect(await eventually { server.connections.count == 0 })
        withExtendedLifetime(kept) {}
        await server.stop()
    }

    @Test("a handshake that stops half way, or never begins, ends its connection")
    func slowHandshake() async throws {
        let files = try TLSFiles()
        let server = try await SmallServer(certificates: try Self.certificates(files)) {
            $0.handshakeTime = .milliseconds(50)
            $0.idleTime = Self.never
            $0.headTime = Self.never
        }
        // The last is a record of a handshake whose rest never arrives.
        for begin in ["", "\u{16}", "\u{16}\u{03}\u{01}\u{02}"] { #expect(try await server.exchange(begin) == "") }
        #expect(await eventually { server.connections.count == 0 })
        await server.stop()
    }

    @Test("a connection whose handshake is complete may be idle for longer than a handshake may take")
    func idleAfterHandshake() async throws {
        let files = try TLSFiles()
        let server = try await SmallServer(certificates: try Self.certificates(files)) {
            $0.handshakeTime = .seconds(1)
            $0.idleTime = Self.never
        }
        var survives = false
        // Again where this machine was too slow for the handshake.
        for _ in 0..<20 where !survives {
            guard let held = try? await hold(server, trusting: files.certificate) else { continue }
            // It begins later, and ends once the time of a handshake is over: so is that of the held one.
            #expect(try await server.exchange("") == "")
            #expect(await eventually { server.connections.count <= 1 })
            survives = server.connections.count == 1
            try? await held.close()
            #expect(await eventually { server.connections.count == 0 })
        }
        #expect(survives)
        await server.stop()
    }

    @Test("more connections than allowed: idle ones over TLS make room at once, without their agreement")
    func crowd() async throws {
        let files = try TLSFiles()
        let server = try await SmallServer(certificates: try Self.certificates(files)) {
            $0.connectionsMax = 4
            $0.idleTime = Self.never
            $0.handshakeTime = Self.never
        }
        var held: [any Channel] = []
        for _ in 0..<12 { held.append(try await hold(server, trusting: files.certificate)) }
        // Some never begin a handshake. One that comes late could take the place of the request.
        let silent = try (0..<12).map { _ in try LoopbackHTTP(port: server.port) }
        #expect(await eventually { silent.filter(\.isClosed).count >= 8 })
        #expect(try await text(server, trusting: files.certificate) == "ok")
        #expect(await eventually { server.connections.count <= 4 })
        #expect(await eventually { held.filter(\.isActive).isEmpty })
        withExtendedLifetime(silent) {}
        await server.stop()
    }

    @Test("a certificate that was replaced is used after a reload, and damaged files change nothing")
    func reload() async throws {
        let files = try TLSFiles()
        let certificates = try Self.certificates(files)
        let server = try await SmallServer(certificates: certificates)
        #expect(try await text(server, trusting: files.certificate) == "ok")
        let old = files.scratch.file("old.pem")
        try FileManager.default.copyItem(atPath: files.certificate, toPath: old)
        try FileManager.default.removeItem(atPath: files.key)
        try files.make()
        #expect(try await text(server, trusting: old) == "ok", "not read yet")
        try certificates.reload()
        #expect(try await text(server, trusting: files.certificate) == "ok")
        await #expect(throws: (any Error).self) { _ = try await text(server, trusting: old) }
        let good = files.scratch.file("good.pem")
        try FileManager.default.copyItem(atPath: files.certificate, toPath: good)
        for damaged in [Data("nothing".utf8), Data(), Data([0xFF, 0xFE])] {
            try damaged.write(to: URL(filePath: files.certificate))
            #expect(throws: HTTPServingError.self) { try certificates.reload() }
            #expect(try await text(server, trusting: good) == "ok", "the old one stays")
        }
        #expect(certificates.expires > Date())
        await server.stop()
    }

    @Test(
        "a key that others may read, a foreign key, and files that are missing or hold something else are refused by name"
    )
    func refused() throws {
        let (files, others) = (try TLSFiles(), try TLSFiles())
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: files.key)
        let binary = files.scratch.file("binary")
        try Data([0xFF, 0x00]).write(to: URL(filePath: binary))
        let broken = files.scratch.file("broken")
        try "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
            .write(toFile: broken, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: broken)
        for (certificate, key, reason) in [
            (files.certificate, files.key, "chmod 600 '\(files.key)'"),
            (files.certificate, others.key, "does not begin with the certificate of the key \(others.key)"),
            (files.certificate, "/nowhere", "/nowhere: No such file"),
            ("/nowhere", others.key, "/nowhere: No such file"),
            (others.key, others.key, "\(others.key) has no certificate"),
            (others.certificate, broken, "\(broken) has no key in PEM"),
            (broken, others.key, "\(broken) has no certificate"),
            (binary, others.key, "is no certificate in PEM"), (files.scratch.path, others.key, "is not a file"),
        ] {
            let error = #expect(throws: HTTPServingError.self) {
                _ = try ServerCertificates(certificate: certificate, key: key)
            }
            let text = "\(try #require(error))"
            #expect(text.contains(reason), "\(text)")
        }
    }
}
