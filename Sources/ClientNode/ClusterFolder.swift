import Foundation

/// The folder of a local cluster's socket, in the system's folder for temporary files.
///
/// The process that made it holds a lock on it. A folder without such a lock was left by a process that was killed, and
/// the next one removes it.
final class ClusterFolder: Sendable {
    let path: String
    private let descriptor: Int32

    private static let prefix = "statezero-"

    init() throws(LocalClusterError) {
        Self.removeAbandoned()
        let template = NSTemporaryDirectory() + "\(Self.prefix)XXXXXX"
        var path = Array(template.utf8CString)
        guard mkdtemp(&path) != nil else { throw .noFolder(template, reason: String(cString: strerror(errno))) }
        self.path = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        descriptor = open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
    }

    deinit { if descriptor >= 0 { Self.release(descriptor) } }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Removes this user's folders of clusters whose processes are gone. Young ones stay: their lock may be about to be
    /// taken.
    private static func removeAbandoned() {
        let parent = NSTemporaryDirectory()
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] {
            guard name.hasPrefix(prefix), name.count == prefix.count + 6 else { continue }
            let path = parent + name
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(),
                time(nil) - status.st_mtim.tv_sec > 10
            else { continue }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            defer { release(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, holdsOnlySockets(path) else { continue }
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    /// Unlocks before it closes: a worker that starts now has a copy of the descriptor until its exec.
    private static func release(_ descriptor: Int32) {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// A folder with other files is not one of ours.
    private static func holdsOnlySockets(_ path: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? ["?"]
        return names.allSatisfy { name in
            var status = stat()
            return lstat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
        }
    }
}
