import Foundation
import Synchronization

/// Copies of remote files on this machine: a job reads its input several times, and some formats from the end.
///
/// A copy has no name, so it is gone when the process ends, however it ends. Of many files only the copies used last are
/// kept; one that is made again must have the same content.
enum RemoteCopies {
    /// Copies that are kept. Each uses a descriptor and space in the folder for temporary files.
    private static let copiesMax = 64

    private struct State {
        var descriptors: [String: Int32] = [:]
        /// Least recently used first.
        var order: [String] = []
        var identities: [String: String] = [:]
        var sizes: [String: Int] = [:]
    }

    private static let state = Mutex(State())

    /// The path to open for a remote path. The first call copies the file.
    static func location(of path: String) throws(CorporaError) -> String {
        let storage = try RemoteFiles.storage(for: path)
        let result: Result<Int32, CorporaError> = state.withLock { state in
            Result { () throws(CorporaError) in
                state.order.removeAll { $0 == path }
                state.order.append(path)
                if let known = state.descriptors[path] { return known }
                let descriptor = try UnnamedFile.make()
                do throws(CorporaError) {
                    let identity = try storage.copy(
                        path, to: descriptor, expecting: state.identities[path], bytesMax: .max, onProgress: {})
                    state.identities[path] = identity
                    state.sizes[path] = size(of: descriptor)
                } catch {
                    close(descriptor)
                    state.order.removeLast()
                    throw error
                }
                state.descriptors[path] = descriptor
                if state.order.count > copiesMax {
                    // Who has opened it keeps the file; only the copy ends.
                    if let old = state.descriptors.removeValue(forKey: state.order.removeFirst()) { close(old) }
                }
                return descriptor
            }
        }
        return "/proc/self/fd/\(try result.get())"
    }

    /// Size of a file that was copied, and what identifies its content, where its server gives that; `nil` for another file.
    static func facts(of path: String) -> (bytes: Int, tag: String?)? {
        state.withLock { state in state.sizes[path].map { ($0, state.identities[path]) } }
    }

    private static func size(of descriptor: Int32) -> Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }
}

/// A temporary file without a name.
enum UnnamedFile {
    /// Creates it in the system's folder for temporary files; returns its descriptor.
    static func make() throws(CorporaError) -> Int32 {
        // Not mkstemp: a child process that starts between it and a call that sets FD_CLOEXEC would inherit the file.
        let name = NSTemporaryDirectory() + "statezero-input-" + String(UInt64.random(in: .min ... .max), radix: 36)
        let target = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard target >= 0 else {
            throw .unwritable(path: name, operation: "create", reason: String(cString: strerror(errno)))
        }
        unlink(name)
        return target
    }
}
