import ArgumentParser
import AsyncHTTPClient
import CommandSupport
import NIOSSL

/// Whether an operator's command speaks TLS, and whose certificates it accepts.
struct OperatorTLS: ParsableArguments {
    @Flag(help: "The coordinator serves HTTP over TLS (its option --tls-certificate).")
    var tls = false

    @Option(help: "Certificates (PEM) that the coordinator's must come from, instead of the system's. Implies --tls.")
    var caFile: String?

    private var isEncrypted: Bool { tls || caFile != nil }

    var scheme: String { isEncrypted ? "https" : "http" }

    /// Settings of a client. Throws `CommandFailure` where the file has no certificates.
    func settings() throws -> HTTPClient.Configuration {
        var settings = HTTPClient.Configuration()
        // A token goes to the address that was given, and nowhere else.
        settings.redirectConfiguration = .disallow
        // A refused connection or certificate is an answer.
        settings.connectionPool.retryConnectionEstablishment = false
        guard let caFile else { return settings }
        var trust = TLSConfiguration.makeClientConfiguration()
        do {
            let certificates = try NIOSSLCertificate.fromPEMFile(caFile)
            guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
            trust.trustRoots = .certificates(certificates)
        } catch {
            throw CommandFailure("--ca-file \(caFile): has no certificates in PEM that can be read: \(error)")
        }
        settings.tlsConfiguration = trust
        return settings
    }

    /// Why no answer arrived, with what to do about it.
    func reason(of error: any Error, _ address: String) -> String {
        let text = (error as? HTTPClientError)?.shortDescription ?? "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return caFile.map { "its certificate does not come from those of \($0)" }
                ?? "its certificate comes from none of the system's; give the right ones with --ca-file"
        }
        if text.contains("ailedToValidateHostname") || text.contains("ailed to validate hostname") {
            return "its certificate is not for this name; give --http with a name or address that the certificate has"
        }
        if text.contains("WRONG_VERSION_NUMBER") {
            return "it does not speak TLS; leave out --tls and --ca-file, or start it with --tls-certificate"
        }
        if text.contains("refused") {
            return """
                the connection was refused; start the coordinator with --http \(address), or give its address with --http
                """
        }
        return text
    }
}
