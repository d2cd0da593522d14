public import Foundation
public import ZeroMQ

/// A key as a file, in the form of ZeroMQ's certificates (rfc.zeromq.org/spec/4), which pyzmq and czmq read too.
///
/// A public file has the owner's public key, its name and its role. A secret file has the secret key as well, and the
/// coordinator's public key, so that one file is all that a peer needs.
public struct KeyFile: Hashable, Sendable {
    /// Whose key it is.
    public var name: String
    /// What it may do; `nil` for the key of a coordinator itself.
    public var role: Role?
    /// Whose work it is for, and how much its holder may send.
    public var terms: KeyTerms
    /// When the key was made.
    public var created: Date
    /// When it ends to be admitted, for a key that has been rotated.
    public var until: Date?
    /// The public key.
    public var publicKey: CurveKey
    /// The secret key, in a secret file.
    public var secretKey: CurveKey?
    /// The coordinator's public key, in a peer's secret file.
    public var serverKey: CurveKey?

    /// Bytes of the largest file that is read.
    static let bytesMax = 16 << 10
    static let serverRole = "server"

    /// A key and its facts.
    public init(
        name: String, role: Role?, terms: KeyTerms = KeyTerms(), created: Date, until: Date? = nil,
        publicKey: CurveKey, secretKey: CurveKey? = nil, serverKey: CurveKey? = nil
    ) {
        self.name = name
        self.role = role
        self.terms = terms
        self.created = created
        self.until = until
        self.publicKey = publicKey
        self.secretKey = secretKey
        self.serverKey = serverKey
    }

    /// The same key without its secret.
    public var withoutSecret: KeyFile {
        var file = self
        file.secretKey = nil
        file.serverKey = nil
        return file
    }

    /// The pair of a secret file. Throws `missing` for a public one.
    public func pair(path: String) throws(KeyError) -> CurveKeyPair {
        guard let secretKey else { throw .missing(path: path, field: "secret-key") }
        let pair: CurveKeyPair
        do { pair = try CurveKeyPair(secretKey: secretKey) } catch { throw .library(error) }
        guard pair.publicKey == publicKey else {
            throw .malformed(path: path, line: 1, reason: "public-key does not belong to secret-key")
        }
        return pair
    }

    /// The text of the file.
    var text: String {
        var lines = [
            secretKey == nil
                ? "# Public key of \"\(name)\" for StateZero. It may be copied."
                : "# SECRET key of \"\(name)\" for StateZero. A process that reads it can act as \"\(name)\".",
            "metadata",
            "    name = \"\(name)\"",
            "    role = \"\(role?.rawValue ?? Self.serverRole)\"",
        ]
        lines += terms.lines
        lines.append("    created = \"\(created.formatted(.iso8601))\"")
        if let until { lines.append("    until = \"\(until.formatted(.iso8601))\"") }
        lines += ["curve", "    public-key = \"\(publicKey.text)\""]
        if let secretKey { lines.append("    secret-key = \"\(secretKey.text)\"") }
        if let serverKey { lines.append("    server-key = \"\(serverKey.text)\"") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads the text of a file. Fields with other names are left out.
    package init(text: String, path: String) throws(KeyError) {
        let fields = try KeyFields(text: text, path: path)
        let isServer = fields.text("role") == Self.serverRole
        role = isServer ? nil : try fields.role()
        terms = try fields.terms()
        name = try fields.require("name", "a key's name") { KeyFolder.isName($0) || isServer ? $0 : nil }
        created = try fields.requiredTime("created")
        until = try fields.time("until")
        let key = { (text: String) in CurveKey(text) }
        publicKey = try fields.require("public-key", "40 characters of Z85", key)
        secretKey = try fields.read("secret-key", "40 characters of Z85", key)
        serverKey = try fields.read("server-key", "40 characters of Z85", key)
    }

    /// Reads a file. A secret one must be its owner's alone.
    public init(readingFrom path: String) throws(KeyError) {
        let text = try SafeFile.read(path, bytesMax: Self.bytesMax)
        try self.init(text: text.content, path: path)
        if secretKey != nil, text.mode & 0o077 != 0 {
            throw .unsafePermissions(path: path, mode: text.mode & 0o777, safe: "600")
        }
    }

    /// Writes a new file, which only its owner may read if it has a secret. Throws `fileExists`.
    func write(to path: String) throws(KeyError) {
        try SafeFile.create(path, content: text, mode: secretKey == nil ? 0o644 : 0o600)
    }
}
