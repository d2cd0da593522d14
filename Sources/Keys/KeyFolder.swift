public import Foundation
public import ZeroMQ

/// The keys of a cluster, as a folder beside its coordinator: who is admitted, and the coordinator's own pair.
///
///     keys/server.key_secret      the coordinator's pair
///     keys/server.key             its public key
///     keys/NAME.key               the public key of an admitted peer
///     keys/NAME.token             the digest of an HTTP token; see `TokenFile`
///     keys/revoked/NAME.TIME.key  keys that were revoked or rotated; a rotated one may be admitted until a time
///
/// The secret of a peer is written once, to the file that `new` or `rotate` names, and not kept here.
public struct KeyFolder: Hashable, Sendable {
    /// The folder's path.
    public let path: String

    /// The folder at a path.
    public init(path: String) {
        self.path = path
    }

    static let server = "server"
    /// Keys that a folder may have.
    static let keysMax = 100_000

    static func isName(_ name: String) -> Bool {
        let isAllowed = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        guard (1...64).contains(name.utf8.count), name != server, let first = name.utf8.first, isAllowed(first) else {
            return false
        }
        return name.utf8.allSatisfy { isAllowed($0) || [0x2D, 0x2E, 0x5F].contains($0) }
    }

    var revoked: String { "\(path)/revoked" }
    private func file(_ name: String) -> String { "\(path)/\(name).key" }

    /// The coordinator's pair.
    public func serverPair() throws(KeyError) -> CurveKeyPair {
        let path = "\(path)/\(Self.server).key_secret"
        guard FileManager.default.fileExists(atPath: path) else { throw .noServerKey(folder: self.path) }
        return try KeyFile(readingFrom: path).pair(path: path)
    }

    /// Makes the folder and the coordinator's pair where they are missing; returns the pair.
    public func prepare(at time: Date) throws(KeyError) -> CurveKeyPair {
        try makeFolder(path)
        if FileManager.default.fileExists(atPath: "\(path)/\(Self.server).key_secret") { return try serverPair() }
        let pair = try Self.generate()
        let secret = KeyFile(
            name: Self.server, role: nil, created: time, publicKey: pair.publicKey, secretKey: pair.secretKey)
        try secret.write(to: "\(path)/\(Self.server).key_secret")
        try secret.withoutSecret.write(to: file(Self.server))
        return pair
    }

    /// Makes a key: its public file in the folder, its secret file at `output`. Makes the folder where it is missing.
    public func add(
        _ name: String, role: Role, terms: KeyTerms = KeyTerms(), output: String, at time: Date
    ) throws(KeyError) -> KeyFile {
        guard Self.isName(name) else { throw .badName(name) }
        try terms.check()
        let server = try prepare(at: time)
        guard !FileManager.default.fileExists(atPath: file(name)) else { throw .nameTaken(name, path: path) }
        return try write(name, role: role, terms, server: server, output: output, at: time)
    }

    /// Ends a key: its holder is refused from the next reload on.
    public func revoke(_ name: String, at time: Date) throws(KeyError) {
        try retire(try find(name), until: nil, at: time)
    }

    /// Replaces a key by a new one of the same name, role and terms; the old one is admitted for `overlap` more seconds.
    public func rotate(
        _ name: String, output: String, overlap: TimeInterval, at time: Date
    ) throws(KeyError) -> KeyFile {
        let old = try find(name)
        let server = try serverPair()
        guard let role = old.role else { throw .unknownName(name, known: try names()) }
        guard !FileManager.default.fileExists(atPath: output) else { throw .fileExists(path: output) }
        try retire(old, until: overlap > 0 ? time.addingTimeInterval(overlap) : nil, at: time)
        return try write(name, role: role, old.terms, server: server, output: output, at: time)
    }

    /// The public files of admitted keys by name, without the coordinator's own.
    public func files() throws(KeyError) -> [KeyFile] {
        try SafeFile.requireSafeFolder(path)
        return try read(in: path).filter { $0.role != nil }.sorted { $0.name < $1.name }
    }

    /// The keys that are admitted at a time: those of the folder, and rotated ones whose time is not over.
    public func ring(at time: Date) throws(KeyError) -> KeyRing {
        var grants: [CurveKey: KeyRing.Grant] = [:]
        var sources: [CurveKey: String] = [:]
        for file in try files() {
            if let other = sources.updateValue(file.name, forKey: file.publicKey) {
                throw .sameKey(path: self.file(file.name), other: self.file(other))
            }
            grants[file.publicKey] = KeyRing.Grant(file)
        }
        if FileManager.default.fileExists(atPath: revoked) {
            try SafeFile.requireSafeFolder(revoked)
            for file in try read(in: revoked) where grants[file.publicKey] == nil {
                if let until = file.until, until > time { grants[file.publicKey] = KeyRing.Grant(file) }
            }
        }
        return KeyRing(grants)
    }

    /// The key of a name. Throws `unknownName`.
    public func find(_ name: String) throws(KeyError) -> KeyFile {
        guard hasKey(name) else {
            throw .unknownName(name, known: try names())
        }
        return try KeyFile(readingFrom: file(name))
    }

    /// Whether a key has this name.
    public func hasKey(_ name: String) -> Bool {
        Self.isName(name) && FileManager.default.fileExists(atPath: file(name))
    }

    private func names() throws(KeyError) -> [String] { try files().map(\.name) }

    private func read(in folder: String) throws(KeyError) -> [KeyFile] {
        var files: [KeyFile] = []
        for path in try paths(in: folder, suffix: ".key") {
            let file = try KeyFile(readingFrom: path)
            try requireName(file.name, path: path)
            files.append(file)
        }
        return files
    }

    /// The files of a folder whose names end so.
    func paths(in folder: String, suffix: String) throws(KeyError) -> [String] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw SafeFile.failure(folder)
        }
        let keys = names.filter { $0.hasSuffix(suffix) }
        guard keys.count <= Self.keysMax else {
            throw .unreadable(path: folder, reason: "has over \(Self.keysMax) keys")
        }
        return keys.map { "\(folder)/\($0)" }
    }

    /// Throws where a file is not named after its key.
    func requireName(_ name: String, path: String) throws(KeyError) {
        guard path.split(separator: "/").last?.hasPrefix("\(name).") == true else {
            throw .malformed(path: path, line: 1, reason: "the name in the file is \"\(name)\"; rename the file")
        }
    }

    private func write(
        _ name: String, role: Role, _ terms: KeyTerms, server: CurveKeyPair, output: String, at time: Date
    ) throws(KeyError) -> KeyFile {
        let pair = try Self.generate()
        let secret = KeyFile(
            name: name, role: role, terms: terms, created: time, publicKey: pair.publicKey, secretKey: pair.secretKey,
            serverKey: server.publicKey)
        // The secret first: a key without a holder admits nobody, a holder without a key is refused.
        try secret.write(to: output)
        try secret.withoutSecret.write(to: file(name))
        return secret
    }

    /// Moves a key out of the admitted ones. The entry in `revoked` is complete before the old file goes.
    private func retire(_ key: KeyFile, until: Date?, at time: Date) throws(KeyError) {
        try makeFolder(revoked)
        var retired = key
        retired.until = until
        try retired.write(to: retiredPath(key.name, at: time, suffix: ".key"))
        guard unlink(file(key.name)) == 0 else { throw SafeFile.failure(file(key.name)) }
    }

    /// A new file among the revoked ones.
    func retiredPath(_ name: String, at time: Date, suffix: String) -> String {
        "\(revoked)/\(name).\(Int64(time.timeIntervalSince1970))-\(UInt32.random(in: .min ... .max))\(suffix)"
    }

    func makeFolder(_ folder: String) throws(KeyError) {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw SafeFile.failure(folder)
        }
        try SafeFile.requireSafeFolder(folder)
    }

    private static func generate() throws(KeyError) -> CurveKeyPair {
        do { return try CurveKeyPair.generate() } catch { throw .library(error) }
    }
}
