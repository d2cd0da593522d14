import Foundation
import NIOSSL
import Synchronization

/// Certificate and key of a server with TLS, as files that may be replaced while it runs: `reload` reads them again, for
/// the connections from then on.
public final class ServerCertificates: Sendable {
    private let certificatePath: String
    private let keyPath: String
    private let context: Mutex<NIOSSLContext>

    /// Reads the files, both PEM: a chain that begins with the server's certificate, and its key, which other users may
    /// not read. Throws `certificate`.
    public init(certificate: String, key: String) throws(HTTPServingError) {
        certificatePath = certificate
        keyPath = key
        context = Mutex(try Self.read(certificate, key))
    }

    /// Reads the files again; the server keeps what it has when that fails.
    public func reload() throws(HTTPServingError) {
        let read = try Self.read(certificatePath, keyPath)
        context.withLock { $0 = read }
    }

    /// For a new connection.
    var current: NIOSSLContext { context.withLock { $0 } }

    private static func read(_ certificate: String, _ key: String) throws(HTTPServingError) -> NIOSSLContext {
        var facts = stat()
        guard stat(key, &facts) == 0 else {
            throw .certificate(path: key, reason: String(cString: strerror(errno)))
        }
        guard facts.st_mode & 0o077 == 0 else {
            throw .certificate(path: key, reason: "other users could read this key; run: chmod 600 '\(key)'")
        }
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch {
            throw .certificate(path: certificate, reason: "is no certificate in PEM: \(error)")
        }
        guard !chain.isEmpty else { throw .certificate(path: certificate, reason: "has no certificate in PEM") }
        let secret: NIOSSLPrivateKey
        do { secret = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
            throw .certificate(path: key, reason: "is no key in PEM: \(error)")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(secret))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw .certificate(path: certificate, reason: "does not go with the key \(key): \(error)")
        }
    }
}
