public import Keys

/// Why an HTTP server cannot start.
public enum HTTPServingError: Error, Equatable, CustomStringConvertible {
    /// Not `HOST:PORT`.
    case addressInvalid(String)
    /// An address that other machines can reach, without permission.
    case publicWithoutEncryption(HTTPAddress)
    /// A certificate or its key cannot be used.
    case certificate(path: String, reason: String)
    /// The file of a certificate or key cannot be read, or other users can read the key.
    case certificateFile(KeyError)
    /// The address cannot be bound.
    case cannotBind(HTTPAddress, reason: String)

    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .addressInvalid(let text):
            "\(text) is not HOST:PORT; give an HTTP address as 127.0.0.1:8080, [::1]:8080 or 127.0.0.1:0"
        case .publicWithoutEncryption(let address):
            """
            other machines can reach \(address), and HTTP here is not both encrypted and authenticated; bind 127.0.0.1, \
            or give --keys, --tls-certificate and --tls-key, or --allow-plaintext on a private network
            """
        case .certificate(let path, let reason): "\(path) \(reason)"
        case .certificateFile(let error): "\(error)"
        case .cannotBind(let address, let reason):
            "HTTP cannot be served at \(address): \(reason); choose another address or port"
        }
    }
}
