public import ZeroMQ

/// Why keys cannot be read, made or used; `description` says what to do.
public enum KeyError: Error, Hashable, Sendable {
    /// The file or folder cannot be read or written.
    case unreadable(path: String, reason: String)
    /// Others may read a secret, or change who is admitted.
    case unsafePermissions(path: String, mode: UInt16, safe: String)
    /// A line of a key file has no meaning.
    case malformed(path: String, line: Int, reason: String)
    /// The file lacks a value.
    case missing(path: String, field: String)
    /// Two files have the same public key.
    case sameKey(path: String, other: String)
    /// The name is not one that a key may have.
    case badName(String)
    /// The name is not one that a tenant may have.
    case badTenant(String)
    /// So many messages a second cannot be a bound.
    case badRate(Int)
    /// A key of this name exists.
    case nameTaken(String, path: String)
    /// No key has this name.
    case unknownName(String, known: [String])
    /// A file that would be replaced exists.
    case fileExists(path: String)
    /// The folder has no key of the server.
    case noServerKey(folder: String)
    /// A token of this name exists.
    case tokenTaken(String, path: String)
    /// No token has this name.
    case unknownToken(String, known: [String])
    /// libzmq has no keys.
    case library(ZeroMQError)
}

extension KeyError: CustomStringConvertible {
    /// What happened, where, with which value, and what to do next.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path): \(reason)"
        case .unsafePermissions(let path, let mode, let safe):
            "\(path) has permissions \(String(mode, radix: 8)), so other users could read or change it; "
                + "run: chmod \(safe) '\(path)'"
        case .malformed(let path, let line, let reason): "\(path), line \(line): \(reason)"
        case .missing(let path, let field):
            "\(path) has no \(field); make a key file with `statezero keys new NAME --role ROLE`"
        case .sameKey(let path, let other): "\(path) has the same public key as \(other); revoke one of them"
        case .badName(let name):
            "\"\(name)\" cannot name a key: use 1 to 64 letters, digits, \".\", \"-\" and \"_\", beginning with a letter or "
                + "digit, and not \"server\""
        case .badTenant(let name):
            "\"\(name)\" cannot name a tenant: use 1 to 64 letters, digits, \".\", \"-\" and \"_\", beginning with a letter "
                + "or digit, and not \"server\""
        case .badRate(let rate):
            "\(rate) messages a second cannot be a bound: use 1 to \(KeyTerms.rates.upperBound), or none"
        case .nameTaken(let name, let path):
            "a key \"\(name)\" exists in \(path); choose another name, or `statezero keys rotate \(name)`"
        case .unknownName(let name, let known):
            "no key is named \"\(name)\"; there are: \(known.isEmpty ? "none" : known.joined(separator: ", "))"
        case .fileExists(let path): "\(path) exists; name another file with --output"
        case .noServerKey(let folder):
            "\(folder) has no server key; make the folder with `statezero keys new NAME --role ROLE --keys \(folder)`"
        case .tokenTaken(let name, let path):
            "a token \"\(name)\" exists in \(path); choose another name, or `statezero keys rotate \(name) --http`"
        case .unknownToken(let name, let known):
            "no token is named \"\(name)\"; there are: \(known.isEmpty ? "none" : known.joined(separator: ", "))"
        case .library(let error): "\(error)"
        }
    }
}
