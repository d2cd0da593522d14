public import Foundation
public import Scoring

/// An HTTP token as the keys folder has it: whose it is, its role and its digest. The token itself is not there.
///
/// A token has 256 random bits, so its SHA-256 says nothing about it, and needs no salt and no slow hash.
public struct TokenFile: Hashable, Sendable {
    /// Whose token it is.
    public var name: String
    /// What it may do.
    public var role: Role
    /// Whose work it is for, and how much its holder may send.
    public var terms: KeyTerms
    /// When it was made.
    public var created: Date
    /// When it ends to be admitted, for a token that has been rotated.
    public var until: Date?
    /// The SHA-256 of the token's text.
    public var digest: Digest

    /// Random bytes of a token.
    static let byteCount = 32
    /// What each token begins with, so that programs that search for secrets find it.
    static let prefix = "sz_"

    /// A new token: `sz_` and 43 characters of base64url.
    static func generate() -> String {
        var random = SystemRandomNumberGenerator()
        let bytes = Data((0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        let text = bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
        return prefix + text.replacing("=", with: "")
    }

    init(name: String, role: Role, terms: KeyTerms, created: Date, digest: Digest) {
        self.name = name
        self.role = role
        self.terms = terms
        self.created = created
        self.digest = digest
    }

    /// Reads a file of the keys folder.
    init(readingFrom path: String) throws(KeyError) {
        try self.init(text: try SafeFile.read(path, bytesMax: KeyFile.bytesMax).content, path: path)
    }

    /// Reads the text of such a file. Fields with other names are left out.
    package init(text: String, path: String) throws(KeyError) {
        let fields = try KeyFields(text: text, path: path)
        name = try fields.require("name", "a key's name") { KeyFolder.isName($0) ? $0 : nil }
        role = try fields.role()
        terms = try fields.terms()
        created = try fields.requiredTime("created")
        until = try fields.time("until")
        digest = try fields.require("sha256", "64 hexadecimal digits") { Digest(hex: $0) }
    }

    /// Writes a new file. Throws `fileExists`.
    func write(to path: String) throws(KeyError) {
        var lines = [
            "# Digest of the HTTP token of \"\(name)\" for StateZero. The token cannot be computed from it.",
            "metadata",
            "    name = \"\(name)\"",
            "    role = \"\(role.rawValue)\"",
        ]
        lines += terms.lines
        lines.append("    created = \"\(created.formatted(.iso8601))\"")
        if let until { lines.append("    until = \"\(until.formatted(.iso8601))\"") }
        lines += ["token", "    sha256 = \"\(digest.hex)\""]
        try SafeFile.create(path, content: lines.joined(separator: "\n") + "\n", mode: 0o600)
    }

    /// Reads the file that a holder has. Throws where other users may read it, and where it has no token.
    public static func secret(readingFrom path: String) throws(KeyError) -> String {
        let token = try SafeFile.secret(path, bytesMax: KeyFile.bytesMax)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .malformed(path: path, line: 1, reason: "is not a token on one line")
        }
        return token
    }
}
