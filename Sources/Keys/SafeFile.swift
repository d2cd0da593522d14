import Foundation

/// Small files whose permissions matter: read with their mode, created with it from the first moment.
package enum SafeFile {
    /// The text of a file with a secret. Throws where other users may read it, and as `read` does.
    package static func secret(_ path: String, bytesMax: Int, kind: String = "key file") throws(KeyError) -> String {
        let read = try read(path, bytesMax: bytesMax, kind: kind)
        guard read.mode & 0o077 == 0 else {
            throw .unsafePermissions(path: path, mode: read.mode & 0o777, safe: "600")
        }
        return read.content
    }

    /// The text of a file, and its mode. Throws where it cannot be read, is too long, or is no text; `kind` names what is
    /// expected.
    package static func read(
        _ path: String, bytesMax: Int, kind: String = "key file"
    ) throws(KeyError) -> (content: String, mode: UInt16) {
        // Not blocking: a FIFO of this name must not stop the program.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw failure(path) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path: path, reason: "is not a file") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        var bytes = Data()
        while bytes.count <= bytesMax {
            let more: Data?
            do { more = try handle.read(upToCount: bytesMax + 1 - bytes.count) } catch { throw failure(path) }
            guard let more, !more.isEmpty else { break }
            bytes += more
        }
        guard bytes.count <= bytesMax else {
            throw .unreadable(path: path, reason: "has over \(bytesMax) bytes, so it is no \(kind)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: path, reason: "is not text in UTF-8, so it is no \(kind)")
        }
        return (text, UInt16(truncatingIfNeeded: facts.st_mode))
    }

    static func create(_ path: String, content: String, mode: mode_t) throws(KeyError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else {
            throw errno == EEXIST ? .fileExists(path: path) : failure(path)
        }
        defer { close(descriptor) }
        do {
            try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(contentsOf: Data(content.utf8))
        } catch {
            let failure = failure(path)
            unlink(path)
            throw failure
        }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    /// The folder must exist and be changed by its owner alone.
    static func requireSafeFolder(_ path: String) throws(KeyError) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { throw failure(path) }
        guard facts.st_mode & S_IFMT == S_IFDIR else { throw .unreadable(path: path, reason: "is not a folder") }
        guard facts.st_mode & 0o022 == 0 else {
            throw .unsafePermissions(
                path: path, mode: UInt16(truncatingIfNeeded: facts.st_mode & 0o777), safe: "700")
        }
    }

    static func failure(_ path: String) -> KeyError {
        .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
}
