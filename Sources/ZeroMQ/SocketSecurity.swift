import CZeroMQ

/// Whether the connections of a socket are encrypted, and who may connect (CURVE, rfc.zeromq.org/spec/26).
public enum SocketSecurity: Hashable, Sendable {
    /// Neither encrypted nor authenticated.
    case none
    /// Peers need this socket's public key and a pair of their own, which the context's `Authenticator` admits. A
    /// context without one admits nobody.
    case server(CurveKeyPair)
    /// Connects with this pair, to a server with this public key and no other.
    case client(CurveKeyPair, server: CurveKey)

    /// Sets the options on a socket that is neither bound nor connected yet.
    func apply(to handle: UnsafeMutableRawPointer) throws(ZeroMQError) {
        func set(_ option: Int32, _ key: CurveKey) throws(ZeroMQError) {
            guard zmq_setsockopt(handle, option, key.bytes, key.bytes.count) == 0 else { throw .curveMissing }
        }
        switch self {
        case .none: break
        case .server(let pair):
            try setNumber(ZMQ_CURVE_SERVER, 1, handle)
            try set(ZMQ_CURVE_SECRETKEY, pair.secretKey)
            let domain: [UInt8] = Array("statezero".utf8)
            guard zmq_setsockopt(handle, ZMQ_ZAP_DOMAIN, domain, domain.count) == 0 else { throw .last(.setOption) }
            // Without this, libzmq admits every key when no authenticator runs.
            try setNumber(Self.enforceDomain, 1, handle)
        case .client(let pair, let server):
            try set(ZMQ_CURVE_PUBLICKEY, pair.publicKey)
            try set(ZMQ_CURVE_SECRETKEY, pair.secretKey)
            try set(ZMQ_CURVE_SERVERKEY, server)
        }
    }

    private func setNumber(_ option: Int32, _ value: Int32, _ handle: UnsafeMutableRawPointer) throws(ZeroMQError) {
        var value = value
        guard zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size) == 0 else { throw .curveMissing }
    }

    /// `ZMQ_ZAP_ENFORCE_DOMAIN`, which zmq.h of 4.3.4 hides behind its draft interface although the library has it.
    private static let enforceDomain: Int32 = 93

    /// Whether what is transferred is encrypted.
    var isEncrypted: Bool {
        if case .none = self { false } else { true }
    }

    /// Whether libzmq tells the key of a message's sender.
    var reportsSenders: Bool {
        if case .server = self { true } else { false }
    }
}
