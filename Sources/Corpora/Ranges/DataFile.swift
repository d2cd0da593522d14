import Foundation
import Scoring

/// A file on disk that a worker has opened for reading rows: below a data root, and identified.
final class DataFile {
    let descriptor: Int32
    /// What the path had when the file was opened: device, inode, size, time of writing.
    private let identity: Identity
    private let real: String
    private let handle: FileHandle

    private struct Identity: Equatable {
        let device: UInt64
        let inode: UInt64
        let bytes: Int
        let modified: Int64

        init(_ status: stat) {
            device = UInt64(truncatingIfNeeded: status.st_dev)
            inode = UInt64(truncatingIfNeeded: status.st_ino)
            bytes = Int(status.st_size)
            modified = status.modifiedNanoseconds
        }
    }

    /// Opens a file. Throws `outside` and `unreachable`.
    init(_ path: String, in roots: DataRoots, rows: String) throws(RangeError) {
        real = try roots.location(of: path, rows: rows)
        // A device or a pipe must not make the worker wait.
        descriptor = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .unreachable(path: path, rows: rows, reason: String(cString: strerror(errno)))
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        identity = Identity(status)
        guard roots.contains(descriptor) else { throw .outside(path: path) }
        guard isKnown, status.st_mode & S_IFMT == S_IFREG else {
            throw .unreachable(path: path, rows: rows, reason: "it is no file")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether its path still means this file, unchanged since it was opened.
    var isCurrent: Bool {
        var status = stat()
        return stat(real, &status) == 0 && Identity(status) == identity
    }

    /// Throws `changed` unless the file is the one that a client has read.
    func check(_ file: RowRanges.File, rows: String) throws(RangeError) {
        guard identity.bytes == file.bytes else {
            throw .changed(
                path: file.path, rows: rows, what: "size", expected: "\(file.bytes) bytes", found: "\(identity.bytes)")
        }
        guard identity.modified == file.modified else {
            throw .changed(
                path: file.path, rows: rows, what: "time of writing",
                expected: file.modified.map(Self.time) ?? "none", found: Self.time(identity.modified))
        }
    }

    /// Bytes of the file; fewer where it ends. Throws `unreachable`.
    func bytes(_ range: Range<Int>, path: String, rows: String) throws(RangeError) -> [UInt8] {
        do {
            try handle.seek(toOffset: UInt64(range.lowerBound))
            return try handle.read(upToCount: range.count).map { Array($0) } ?? []
        } catch {
            throw .unreachable(path: path, rows: rows, reason: error.localizedDescription)
        }
    }

    private static func time(_ nanoseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(nanoseconds) / 1e9).ISO8601Format() + " (\(nanoseconds) ns)"
    }
}

extension stat {
    /// When the file was written, since 1970. A time out of range wraps: it is only compared.
    var modifiedNanoseconds: Int64 { Int64(st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(st_mtim.tv_nsec) }
}
