public import Foundation
import Keys
import NIOCore
import NIOSSL
import Synchronization

/// Certificate and key of a server with TLS, as files that may be replaced while it runs: `reload` reads them again, for
/// the connections from then on. Connections that are open keep what they began with.
public final class ServerCertificates: Sendable {
    private struct Loaded {
        var context: NIOSSLContext
        var expires: Date
    }

    /// Bytes of the largest file that is read.
    private static let bytesMax = 1 << 20
    /// For the client's agreement to the end of a connection.
    private static let shutdownTime = TimeAmount.seconds(3)

    private let certificatePath: String
    private let keyPath: String
    private let loaded: Mutex<Loaded>

    /// Reads the files, both PEM: a chain that begins with the server's certificate, and its key without a passphrase, which
    /// other users may not read. Throws `certificate` and `certificateFile`.
    public init(certificate: String, key: String) throws(HTTPServingError) {
        certificatePath = certificate
        keyPath = key
        loaded = Mutex(try Self.read(certificate, key))
    }

    /// Reads the files again; the server keeps what it has when that fails. Cost: two files, some milliseconds.
    public func reload() throws(HTTPServingError) {
        let read = try Self.read(certificatePath, keyPath)
        loaded.withLock { $0 = read }
    }

    /// When the server's certificate ends to be valid. Later, clients refuse it.
    public var expires: Date { loaded.withLock { $0.expires } }

    /// For a new connection.
    var current: NIOSSLContext { loaded.withLock { $0.context } }

    private static func read(_ certificate: String, _ key: String) throws(HTTPServingError) -> Loaded {
        let (chainText, keyText): (String, String)
        do throws(KeyError) {
            chainText = try SafeFile.read(certificate, bytesMax: bytesMax, kind: "certificate in PEM").content
            keyText = try SafeFile.secret(key, bytesMax: bytesMax, kind: "key in PEM")
        } catch {
            throw .certificateFile(error)
        }
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMBytes(Array(chainText.utf8)) } catch {
            throw .certificate(path: certificate, reason: "has no certificate in PEM that can be read: \(error)")
        }
        guard let own = chain.first else {
            throw .certificate(path: certificate, reason: "has no certificate in PEM; give the file of the chain")
        }
        let secret: NIOSSLPrivateKey
        do { secret = try NIOSSLPrivateKey(bytes: Array(keyText.utf8), format: .pem) } catch {
            throw .certificate(
                path: key, reason: "has no key in PEM without a passphrase; give the key that belongs to \(certificate)"
            )
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(secret))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = shutdownTime
        do {
            return Loaded(
                context: try NIOSSLContext(configuration: configuration),
                expires: Date(timeIntervalSince1970: TimeInterval(own.notValidAfter)))
        } catch {
            throw .certificate(
                path: certificate,
                reason: "does not begin with the certificate of the key \(key); give the two that belong together")
        }
    }
}
