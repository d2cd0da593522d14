import Foundation

/// The folders and address prefixes below which a worker reads rows for clients. Whatever is not below one is refused.
///
/// Why: a client names paths, and must not make a worker read anything that its operator did not choose. Symbolic links are
/// resolved before the check, and the opened file is checked once more.
package struct DataRoots: Sendable {
    /// As given and as resolved, both without a `/` at the end.
    private let folders: [(given: String, real: String)]
    /// Without a `/` at the end.
    private let prefixes: [String]

    /// None: everything is refused.
    package static let none = DataRoots(folders: [], prefixes: [])

    private init(folders: [(String, String)], prefixes: [String]) {
        self.folders = folders
        self.prefixes = prefixes
    }

    /// Resolves roots. Throws for a folder that does not exist, for `/`, and for an address without a host or bucket.
    package init(_ roots: [String]) throws(CorporaError) {
        var folders: [(String, String)] = []
        var prefixes: [String] = []
        for root in roots {
            let trimmed = String(root.reversed().drop { $0 == "/" }.reversed())
            if RemoteFiles.isRemote(root) {
                guard let address = Self.parts(of: trimmed), !address.place.isEmpty else {
                    throw .otherFormat(
                        "\(root): is no prefix of addresses; write s3://BUCKET/PREFIX or https://HOST/PATH")
                }
                prefixes.append(trimmed)
            } else {
                guard let real = Self.resolved(root) else {
                    throw .unreadable(path: root, reason: String(cString: strerror(errno)))
                }
                guard real != "/" else {
                    throw .otherFormat("\(root): a data root of all files is refused; name the folders of the data")
                }
                folders.append((Self.normalized(trimmed) ?? real, real))
            }
        }
        self.init(folders: folders, prefixes: prefixes)
    }

    /// Whether nothing may be read.
    package var isEmpty: Bool { folders.isEmpty && prefixes.isEmpty }

    /// The file that an absolute path means, without symbolic links. Throws `outside`, and `unreachable` for what is below
    /// a root and does not exist.
    func location(of path: String, rows: String) throws(RangeError) -> String {
        guard path.hasPrefix("/"), !path.utf8.contains(0), let plain = Self.normalized(path) else {
            throw .outside(path: path)
        }
        guard let real = Self.resolved(plain) else {
            // Whether something exists elsewhere stays unknown.
            let reason = String(cString: strerror(errno))
            guard folders.contains(where: { Self.isBelow(plain, $0.given) || Self.isBelow(plain, $0.real) }) else {
                throw .outside(path: path)
            }
            throw .unreachable(path: path, rows: rows, reason: reason)
        }
        guard isInside(real) else { throw .outside(path: path) }
        return real
    }

    /// Whether an opened file is below a root, whatever was done to its path in the meantime.
    func contains(_ descriptor: Int32) -> Bool {
        guard let real = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
        else {
            return false
        }
        return isInside(real)
    }

    /// Throws `outside` unless an address is below a prefix.
    ///
    /// Addresses with a query, a user or a password are refused: they have credentials, which a worker takes from its own
    /// environment only. So are `.`, `..` and encoded separators, which a server may resolve to another place.
    package func check(address: String) throws(RangeError) {
        guard Self.parts(of: address) != nil, prefixes.contains(where: { Self.isBelow(address, $0) }) else {
            throw .outside(path: address)
        }
    }

    /// Scheme, and everything behind it; `nil` for an address that is refused everywhere.
    static func parts(of address: String) -> (scheme: String, place: String)? {
        guard let scheme = ["s3://", "https://", "http://"].first(where: address.hasPrefix) else { return nil }
        let place = String(address.dropFirst(scheme.count))
        guard !place.utf8.contains(where: { $0 < 0x20 || $0 == 0x5C }), place.first != "/" else { return nil }
        let parts = place.split(separator: "/", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.contains("@") else { return nil }
        // In S3 these are letters of a key.
        if scheme != "s3://" {
            guard !place.contains(where: { "?#".contains($0) }) else { return nil }
            let small = place.lowercased()
            guard !["%2e", "%2f", "%5c", "%25"].contains(where: small.contains) else { return nil }
        }
        guard !parts.contains("."), !parts.contains("..") else { return nil }
        return (scheme, place)
    }

    private func isInside(_ real: String) -> Bool { folders.contains { Self.isBelow(real, $0.real) } }

    private static func isBelow(_ path: String, _ root: String) -> Bool { path == root || path.hasPrefix(root + "/") }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// An absolute path without `.` and empty parts; `nil` for one that is relative or has `..`, which means something else
    /// behind a symbolic link.
    private static func normalized(_ path: String) -> String? {
        let parts = path.split(separator: "/").filter { $0 != "." }
        guard path.hasPrefix("/"), !parts.contains("..") else { return nil }
        return "/" + parts.joined(separator: "/")
    }
}
