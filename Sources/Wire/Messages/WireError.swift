/// Why a message was refused. A frame from the network is the world's doing: counted and dropped, never a trap.
public enum WireError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The first frame does not begin with "SZ01".
    case notOurs
    /// The envelope is no protobuf of ours, or carries no body we know.
    case undecodable
    /// A field's value is outside its range.
    case badField(String, found: String)
    /// A raw frame has another size than the header says.
    case badFrame(String, found: Int, expected: Int)
    /// Another number of frames than the body needs.
    case frameCount(found: Int, expected: Int)
    /// Something is over its limit.
    case tooLarge(String, found: Int, limit: Int)

    /// What happened, where and with which values, as text for people.
    public var description: String {
        switch self {
        case .notOurs: "the message does not begin with SZ01; another program sends to this port"
        case .undecodable: "the envelope cannot be read; the peer may be of another version"
        case .badField(let name, let found): "field \(name) is \(found); the peer may be of another version"
        case .badFrame(let name, let found, let expected): "frame \(name) has \(found) bytes, expected \(expected)"
        case .frameCount(let found, let expected): "\(found) frames, expected \(expected)"
        case .tooLarge(let name, let found, let limit): "\(name) of \(found) is over the limit of \(limit)"
        }
    }
}
