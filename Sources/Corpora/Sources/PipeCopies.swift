import Foundation
import Synchronization

/// Copies of standard input and of pipes, which can be read only once: a job reads its input several times.
///
/// The first reader copies everything into a file without a name, in the system's folder for temporary files. It is
/// gone when the process ends, however it ends. All readers then open that file.
package enum PipeCopies {
    private static let copies = Mutex<[String: Int32]>([:])

    /// The path to open for a path that the caller wrote. Blocks until a pipe has ended, or a remote file is copied, the
    /// first time.
    package static func location(of path: String) throws(CorporaError) -> String {
        if RemoteFiles.isRemote(path) { return try RemoteCopies.location(of: path) }
        guard path == "-" || !isRegular(path) else { return path }
        let copy: Result<Int32, CorporaError> = copies.withLock { copies in
            if let known = copies[path] { return .success(known) }
            do throws(CorporaError) {
                let descriptor = try copied(path)
                copies[path] = descriptor
                return .success(descriptor)
            } catch {
                return .failure(error)
            }
        }
        return "/proc/self/fd/\(try copy.get())"
    }

    /// Whether a path can be opened several times. What does not exist is left to the reader to report, and so is a
    /// folder.
    private static func isRegular(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return true }
        return [S_IFREG, S_IFDIR, S_IFBLK].contains(status.st_mode & S_IFMT)
    }

    private static func copied(_ path: String) throws(CorporaError) -> Int32 {
        let source = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        defer { if source != STDIN_FILENO { close(source) } }
        let target = try UnnamedFile.make()
        do throws(CorporaError) {
            try copy(from: source, to: target, path: path)
        } catch {
            close(target)
            throw error
        }
        return target
    }

    private static func copy(from source: Int32, to target: Int32, path: String) throws(CorporaError) {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count == 0 { return }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
            try FileBytes.write(Array(buffer[..<count]), to: target, name: "the temporary copy of \(path)")
        }
    }
}
