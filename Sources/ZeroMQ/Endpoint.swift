import Glibc

/// A place to bind or connect to: `tcp://host:port`, `ipc://path` or `inproc://name`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// How the two sides reach each other.
    public enum Transport: Hashable, Sendable {
        /// Host without brackets; `*` is every interface. Port 0 lets the system choose when binding.
        case tcp(host: String, port: UInt16)
        /// The path of a Unix socket; `*` lets libzmq choose, `@name` is outside the file system.
        case ipc(path: String)
        /// A name inside one `Context`.
        case inproc(name: String)
    }

    /// The parts of the endpoint.
    public let transport: Transport

    /// A Unix socket's address holds 108 bytes, the last of them a zero.
    public static let ipcPathBytesMax = 107

    /// Reads an endpoint; throws `endpointMalformed` or `ipcPathTooLong`.
    public init(_ text: String) throws(ZeroMQError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 || $0 == 0x20 && text.hasPrefix("ipc://") }) else {
            throw .endpointMalformed(text: text, reason: "contains a space or a control character")
        }
        if let rest = Self.remainder(of: text, after: "tcp://") {
            self.transport = try Self.tcp(rest, text: text)
        } else if let path = Self.remainder(of: text, after: "ipc://") {
            guard !path.isEmpty else { throw .endpointMalformed(text: text, reason: "has no path") }
            let bytes = path.utf8.count
            guard bytes <= Self.ipcPathBytesMax else {
                throw .ipcPathTooLong(path: path, bytes: bytes, bytesMax: Self.ipcPathBytesMax)
            }
            self.transport = .ipc(path: path)
        } else if let name = Self.remainder(of: text, after: "inproc://") {
            guard !name.isEmpty else { throw .endpointMalformed(text: text, reason: "has no name") }
            self.transport = .inproc(name: name)
        } else {
            throw .endpointMalformed(text: text, reason: "is not an endpoint")
        }
    }

    /// The endpoint as text, as it was read, an IPv6 address in brackets.
    public var description: String {
        switch transport {
        case .tcp(let host, let port): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
        case .ipc(let path): "ipc://\(path)"
        case .inproc(let name): "inproc://\(name)"
        }
    }

    /// Whether only processes of this machine can reach what is bound here.
    ///
    /// A host name other than `localhost` counts as public: this program does not decide what it resolves to.
    public var isLocal: Bool {
        guard case .tcp(let host, _) = transport else { return true }
        if host == "localhost" { return true }
        if let v4 = Self.ipv4(host) { return v4[0] == 127 }
        guard let v6 = Self.ipv6(host) else { return false }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        if Array(v6.prefix(12)) == mapped { return v6[12] == 127 }
        return v6 == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    }

    /// Whether the system is asked to choose the port or path, so that `bind` returns another endpoint.
    public var isWildcard: Bool {
        switch transport {
        case .tcp(let host, let port): host == "*" || port == 0
        case .ipc(let path): path == "*"
        case .inproc: false
        }
    }

    /// Whether the host is a numeric IPv6 address, which libzmq accepts only with its IPv6 option on.
    var isIPv6: Bool {
        if case .tcp(let host, _) = transport { host.contains(":") } else { false }
    }

    /// The endpoint for `zmq_bind`, which resolves no names: `localhost` is replaced by its address here.
    var forBinding: Endpoint {
        guard case .tcp("localhost", let port) = transport else { return self }
        return Endpoint(.tcp(host: "127.0.0.1", port: port))
    }

    private init(_ transport: Transport) {
        self.transport = transport
    }

    private static func remainder(of text: String, after prefix: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    private static func tcp(_ rest: String, text: String) throws(ZeroMQError) -> Transport {
        guard let colon = rest.lastIndex(of: ":") else {
            throw .endpointMalformed(text: text, reason: "has no port")
        }
        var host = String(rest[..<colon])
        let digits = rest[rest.index(after: colon)...]
        let port: UInt16
        if digits == "*" {
            port = 0
        } else if digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits) {
            port = number
        } else {
            throw .endpointMalformed(text: text, reason: "has port \"\(digits)\", not 0 to 65535")
        }
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard ipv6(host) != nil else {
                throw .endpointMalformed(text: text, reason: "has no IPv6 address between its brackets")
            }
        } else {
            guard host == "*" || isName(host) else {
                throw .endpointMalformed(text: text, reason: "has host \"\(host)\", not a name, an address or *")
            }
        }
        return .tcp(host: host, port: port)
    }

    private static func isName(_ host: String) -> Bool {
        !host.isEmpty && host.utf8.count <= 253
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func ipv4(_ host: String) -> [UInt8]? {
        address(host, family: AF_INET, byteCount: 4)
    }

    private static func ipv6(_ host: String) -> [UInt8]? {
        address(host, family: AF_INET6, byteCount: 16)
    }

    private static func address(_ host: String, family: Int32, byteCount: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        return inet_pton(family, host, &bytes) == 1 ? bytes : nil
    }
}
