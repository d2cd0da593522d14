import Glibc

/// A file of a database that is open, its write-ahead log or the database itself, to bring what was written to it to the disk.
///
/// A database opened with `Durability.process` does not wait for the disk in its commits. SQLite only appends to the log, and
/// brings it to the disk before it moves anything from it into the file; so when `sync` returns, everything is on the disk
/// that was committed before it began. Any thread may call it while others commit.
public final class DiskFile: Sendable {
    private let path: String
    private let descriptor: Int32

    /// The file could not be opened, or not be brought to the disk: nothing is known about what it has then.
    public struct Fault: Error, Hashable, CustomStringConvertible {
        /// The file.
        public let path: String
        /// What the system said.
        public let reason: String
        /// Both.
        public var description: String { "\(path) cannot be brought to the disk: \(reason)" }
    }

    /// Opens the log of an open database, and brings its name to the disk: its folder's entry. Throws `Fault`.
    public init(logOfDatabase path: String) throws(Fault) {
        self.path = path + "-wal"
        descriptor = open(self.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Fault(path: self.path, reason: String(cString: strerror(errno))) }
        let end = path.lastIndex(of: "/")
        let folder = end.map { String(path[...$0]) } ?? "."
        let folderDescriptor = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard folderDescriptor >= 0 else { throw Fault(path: folder, reason: String(cString: strerror(errno))) }
        defer { close(folderDescriptor) }
        // Some file systems cannot do this for a folder, and say so; their names are as durable as they make them.
        guard fsync(folderDescriptor) == 0 || errno == EINVAL else {
            throw Fault(path: folder, reason: String(cString: strerror(errno)))
        }
    }

    /// Opens the file of a database itself. It must live longer than all connections of this process: when it is closed, the
    /// system ends their locks. Throws `Fault`.
    public init(database path: String) throws(Fault) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Fault(path: path, reason: String(cString: strerror(errno))) }
    }

    /// Takes over an open file, and closes it at the end.
    package init(path: String, descriptor: Int32) {
        (self.path, self.descriptor) = (path, descriptor)
    }

    deinit { close(descriptor) }

    /// Brings it to the disk. Throws `Fault`. Cost: waits for the disk, milliseconds or more.
    public func sync() throws(Fault) {
        while fdatasync(descriptor) != 0 {
            guard errno == EINTR else { throw Fault(path: path, reason: String(cString: strerror(errno))) }
        }
    }
}
