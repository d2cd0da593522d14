public import Foundation
import Scoring

// The HTTP tokens of a keys folder: made, listed, ended and replaced like keys.
extension KeyFolder {
    private static let tokenSuffix = ".token"

    private func tokenPath(_ name: String) -> String { "\(path)/\(name)\(Self.tokenSuffix)" }

    /// Makes a token: its digest in the folder, the token itself in a file at `output` that only its owner may read.
    /// Makes the folder where it is missing. Throws `tokenTaken`, `fileExists`.
    public func addToken(
        _ name: String, role: Role, terms: KeyTerms = KeyTerms(), output: String, at time: Date
    ) throws(KeyError) -> TokenFile {
        guard Self.isName(name) else { throw .badName(name) }
        try terms.check()
        try makeFolder(path)
        guard !FileManager.default.fileExists(atPath: tokenPath(name)) else { throw .tokenTaken(name, path: path) }
        return try writeToken(name, role: role, terms, output: output, at: time)
    }

    /// Ends a token: its holder is refused from the next reload on.
    public func revokeToken(_ name: String, at time: Date) throws(KeyError) {
        try retire(try findToken(name), until: nil, at: time)
    }

    /// Replaces a token by a new one of the same name, role and terms; the old one is admitted for `overlap` more seconds.
    public func rotateToken(
        _ name: String, output: String, overlap: TimeInterval, at time: Date
    ) throws(KeyError) -> TokenFile {
        let old = try findToken(name)
        guard !FileManager.default.fileExists(atPath: output) else { throw .fileExists(path: output) }
        try retire(old, until: overlap > 0 ? time.addingTimeInterval(overlap) : nil, at: time)
        return try writeToken(name, role: old.role, old.terms, output: output, at: time)
    }

    /// The tokens by name.
    public func tokens() throws(KeyError) -> [TokenFile] {
        try SafeFile.requireSafeFolder(path)
        return try readTokens(in: path).sorted { $0.name < $1.name }
    }

    /// The token of a name. Throws `unknownToken`.
    public func findToken(_ name: String) throws(KeyError) -> TokenFile {
        guard hasToken(name) else { throw .unknownToken(name, known: try tokens().map(\.name)) }
        return try TokenFile(readingFrom: tokenPath(name))
    }

    /// Whether a token has this name.
    public func hasToken(_ name: String) -> Bool {
        Self.isName(name) && FileManager.default.fileExists(atPath: tokenPath(name))
    }

    /// The tokens that are admitted at a time: those of the folder, and rotated ones whose time is not over.
    func tokenGrants(at time: Date) throws(KeyError) -> [Digest: KeyRing.Grant] {
        var grants: [Digest: KeyRing.Grant] = [:]
        for file in try tokens() {
            if let other = grants.updateValue(KeyRing.Grant(file), forKey: file.digest) {
                throw .sameKey(path: tokenPath(file.name), other: tokenPath(other.name))
            }
        }
        guard FileManager.default.fileExists(atPath: revoked) else { return grants }
        try SafeFile.requireSafeFolder(revoked)
        for file in try readTokens(in: revoked) where grants[file.digest] == nil {
            if let until = file.until, until > time { grants[file.digest] = KeyRing.Grant(file) }
        }
        return grants
    }

    private func readTokens(in folder: String) throws(KeyError) -> [TokenFile] {
        var files: [TokenFile] = []
        for path in try paths(in: folder, suffix: Self.tokenSuffix) {
            let file = try TokenFile(readingFrom: path)
            try requireName(file.name, path: path)
            files.append(file)
        }
        return files
    }

    private func writeToken(
        _ name: String, role: Role, _ terms: KeyTerms, output: String, at time: Date
    ) throws(KeyError) -> TokenFile {
        let token = TokenFile.generate()
        let file = TokenFile(name: name, role: role, terms: terms, created: time, digest: Digest(of: token))
        // The secret first: a digest without a holder admits nobody.
        try SafeFile.create(output, content: token + "\n", mode: 0o600)
        try file.write(to: tokenPath(name))
        return file
    }

    /// The entry in `revoked` is complete before the old file goes.
    private func retire(_ token: TokenFile, until: Date?, at time: Date) throws(KeyError) {
        try makeFolder(revoked)
        var retired = token
        retired.until = until
        try retired.write(to: retiredPath(token.name, at: time, suffix: Self.tokenSuffix))
        guard unlink(tokenPath(token.name)) == 0 else { throw SafeFile.failure(tokenPath(token.name)) }
    }
}
