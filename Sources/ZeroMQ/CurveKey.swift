import CZeroMQ

/// A public or a secret key of CURVE (curve25519): 32 bytes, written as 40 characters of Z85.
public struct CurveKey: Hashable, Sendable {
    /// Bytes of a key.
    public static let byteCount = 32
    /// Characters of a key's text.
    public static let textCount = 40

    /// The key's bytes.
    public let bytes: [UInt8]

    /// A key of these bytes; `nil` unless there are 32.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// A key from its Z85 text; `nil` unless it has 40 characters of Z85's alphabet.
    public init?(_ text: String) {
        guard text.utf8.count == Self.textCount, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        var decoded = [UInt8](repeating: 0, count: Self.byteCount)
        guard zmq_z85_decode(&decoded, text) != nil else { return nil }
        bytes = decoded
        // libzmq's decoder accepts some texts that its encoder never writes.
        guard self.text == text else { return nil }
    }

    /// The key as Z85.
    public var text: String {
        var encoded = [CChar](repeating: 0, count: Self.textCount + 1)
        guard zmq_z85_encode(&encoded, bytes, bytes.count) != nil else { return "" }
        return String(decoding: encoded.prefix(Self.textCount).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A secret key and the public key that belongs to it.
public struct CurveKeyPair: Hashable, Sendable {
    /// The key that others may know: it names its owner.
    public let publicKey: CurveKey
    /// The key that only its owner knows.
    public let secretKey: CurveKey

    /// A new pair, from the system's random numbers. Throws `curveMissing`.
    public static func generate() throws(ZeroMQError) -> CurveKeyPair {
        var publicText = [CChar](repeating: 0, count: CurveKey.textCount + 1)
        var secretText = publicText
        guard zmq_curve_keypair(&publicText, &secretText) == 0,
            let publicKey = CurveKey(text(publicText)), let secretKey = CurveKey(text(secretText))
        else { throw .curveMissing }
        return CurveKeyPair(publicKey: publicKey, secretKey: secretKey)
    }

    /// The pair of a secret key. Throws `curveMissing`.
    public init(secretKey: CurveKey) throws(ZeroMQError) {
        var publicText = [CChar](repeating: 0, count: CurveKey.textCount + 1)
        guard zmq_curve_public(&publicText, secretKey.text) == 0, let publicKey = CurveKey(Self.text(publicText)) else {
            throw .curveMissing
        }
        self.init(publicKey: publicKey, secretKey: secretKey)
    }

    private init(publicKey: CurveKey, secretKey: CurveKey) {
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix(CurveKey.textCount).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension CurveKeyPair: CustomStringConvertible {
    /// The public key alone, so that no log and no error message shows a secret.
    public var description: String { publicKey.text }
}
