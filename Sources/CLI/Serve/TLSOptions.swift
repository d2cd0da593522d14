import ArgumentParser
import HTTPServing

/// The certificate of an HTTP server.
struct TLSOptions: ParsableArguments {
    @Option(help: "Certificate chain (PEM): HTTP is then served over TLS. SIGHUP reads it again. Needs --tls-key.")
    var tlsCertificate: String?

    @Option(help: "Key of the certificate (PEM), which other users may not read.")
    var tlsKey: String?

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("give --tls-certificate and --tls-key together")
        }
    }

    /// The files' content; `nil` without them.
    var certificates: ServerCertificates? {
        get throws {
            guard let tlsCertificate, let tlsKey else { return nil }
            return try ServerCertificates(certificate: tlsCertificate, key: tlsKey)
        }
    }
}
