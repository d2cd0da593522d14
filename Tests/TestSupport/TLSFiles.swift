import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL

/// A key and a certificate of its own for 127.0.0.1, made by the program openssl.
public struct TLSFiles: Sendable {
    private static let openssl = "/usr/bin/openssl"
    /// Whether this machine can make them.
    public static let canBeMade = FileManager.default.isExecutableFile(atPath: openssl)

    /// Where they are, and where a test may put more.
    public let scratch: ScratchFolder
    /// The key, PEM.
    public var key: String { scratch.file("key.pem") }
    /// The certificate, PEM.
    public var certificate: String { scratch.file("certificate.pem") }

    /// Makes both.
    public init() throws {
        scratch = try ScratchFolder()
        try make()
    }

    /// Makes both again, in the place of the earlier ones.
    public func make() throws {
        let process = Process()
        process.executableURL = URL(filePath: Self.openssl)
        process.arguments =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test -addext"
            .split(separator: " ").map(String.init)
            + ["subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    }

    /// Sends one GET by a client that trusts the certificates of a file alone, and returns status and body. Throws where the
    /// connection is not secured.
    public static func get(
        port: Int, _ path: String, trusting file: String, token: String? = nil
    ) async throws -> (status: Int, text: String) {
        var trust = TLSConfiguration.makeClientConfiguration()
        trust.trustRoots = .file(file)
        var settings = HTTPClient.Configuration()
        settings.tlsConfiguration = trust
        settings.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        var request = HTTPClientRequest(url: "https://127.0.0.1:\(port)\(path)")
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        let answer: Result<(Int, String), any Error>
        do {
            let response = try await client.execute(request, timeout: .seconds(100))
            let body = try await response.body.collect(upTo: 1 << 20)
            answer = .success((Int(response.status.code), String(buffer: body)))
        } catch {
            answer = .failure(error)
        }
        try await client.shutdown()
        return try answer.get()
    }
}
