import Foundation
import Synchronization

/// Files that are not on this machine: `s3://` and `https://`. A module with a network client gives them
/// (`RemoteFiles.use`); without one, such paths are errors.
///
/// Calls block the calling thread, which must not be that of a task.
package protocol RemoteStorage: Sendable {
    /// Whether this storage can list, write and remove, not only read.
    func isWritable(_ path: String) -> Bool
    /// Whether the object exists.
    func exists(_ path: String) throws(CorporaError) -> Bool
    /// The objects below a prefix, with their sizes in bytes, in the order of their names.
    func list(_ prefix: String) throws(CorporaError) -> [(path: String, bytes: Int)]
    /// Copies an object to a file, from the file's start. Returns what identifies the object's content; with `expected`,
    /// an object with another identity is an error, `objectChanged`. So is one with more than `bytesMax` bytes. Calls
    /// `onProgress` from time to time, on any thread.
    func copy(
        _ path: String, to descriptor: Int32, expecting expected: String?, bytesMax: Int,
        onProgress: @escaping @Sendable () -> Void
    ) throws(CorporaError) -> String?
    /// Some bytes of an object; fewer where it ends before. With `expected`, an object with another identity is an error,
    /// `objectChanged`.
    func read(_ path: String, bytes: Range<Int>, expecting expected: String?) throws(CorporaError) -> [UInt8]
    /// Writes a whole object: nobody sees a part of it.
    func put(_ bytes: [UInt8], to path: String) throws(CorporaError)
    /// Removes objects; those that do not exist are ignored.
    func remove(_ paths: [String]) throws(CorporaError)
}

/// The storage of remote files, and what its paths mean.
package enum RemoteFiles {
    private static let used = Mutex<(any RemoteStorage)?>(nil)
    /// What paths were replaced by, so that a job sees the same files in each of its passes.
    private static let meanings = Mutex<[String: [String]]>([:])

    /// Chooses the storage for all files that are opened from now on.
    package static func use(_ storage: any RemoteStorage) {
        used.withLock { $0 = storage }
    }

    /// Whether a path names a remote file or prefix.
    package static func isRemote(_ path: String) -> Bool {
        ["s3://", "https://", "http://"].contains(where: path.hasPrefix)
    }

    /// Throws where the program has no storage.
    package static func storage(for path: String) throws(CorporaError) -> any RemoteStorage {
        guard let storage = used.withLock({ $0 }) else {
            throw .unreadable(path: path, reason: "this program reads no remote files")
        }
        return storage
    }

    /// The objects that a path means: a prefix stands for the data files below it, a pattern for the objects that match.
    static func expanded(_ path: String) throws(CorporaError) -> [String] {
        if let known = meanings.withLock({ $0[path] }) { return known }
        let found = try lookUp(path)
        meanings.withLock { meanings in
            meanings[path] = found
            for file in found { meanings[file] = [file] }
        }
        return found
    }

    private static func lookUp(_ path: String) throws(CorporaError) -> [String] {
        let storage = try storage(for: path)
        guard storage.isWritable(path) else { return [path] }
        if let wildcard = path.firstIndex(where: { "*?[".contains($0) }) {
            let found = try storage.list(String(path[..<wildcard])).map(\.path).filter {
                fnmatch(path, $0, FNM_PATHNAME) == 0
            }
            guard !found.isEmpty else { throw .unreadable(path: path, reason: "no object matches this pattern") }
            return found
        }
        let isBucket = path.dropFirst("s3://".count).allSatisfy { $0 != "/" }
        if !path.hasSuffix("/"), !isBucket, try storage.exists(path) { return [path] }
        let prefix = path.hasSuffix("/") ? path : path + "/"
        let found = try storage.list(prefix).map(\.path).filter {
            InputPaths.isData(String($0.dropFirst(prefix.count)))
        }
        guard !found.isEmpty else {
            throw .unreadable(path: path, reason: "there is no such object, and no data file below this prefix")
        }
        return found
    }
}
