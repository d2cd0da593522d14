import ArgumentParser
import Foundation
import HTTPServing
import Logging

/// The certificate of an HTTP server.
struct TLSOptions: ParsableArguments {
    @Option(help: "Certificate chain (PEM): HTTP is then served over TLS. SIGHUP reads it again. Needs --tls-key.")
    var tlsCertificate: String?

    @Option(help: "Key of the certificate (PEM, no passphrase), which other users may not read.")
    var tlsKey: String?

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("give --tls-certificate and --tls-key together")
        }
    }

    /// The files' content; `nil` without them. A certificate whose time is over is used, with a warning: a cluster whose
    /// coordinator starts again needs it more than its page.
    func certificates(_ logger: Logger) throws -> ServerCertificates? {
        guard let tlsCertificate, let tlsKey else { return nil }
        let certificates = try ServerCertificates(certificate: tlsCertificate, key: tlsKey)
        Reload.warn(of: certificates, logger)
        return certificates
    }
}
