import Glibc

// Guards the path of a Unix socket, which libzmq would delete.
extension Endpoint {
    /// Refuses an `ipc` path that somebody listens at, or that belongs to something else.
    ///
    /// libzmq deletes whatever has the path before it binds: it would take the clients of a running coordinator away
    /// without a word, or a user's file. A socket nobody listens at is what a killed process leaves, and may go.
    func requireFreePath() throws(ZeroMQError) {
        guard case .ipc(let path) = transport, path != "*", !path.hasPrefix("@") else { return }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .ipcPathTaken(path: path) }
        if Self.isListening(at: path) {
            throw .failed(.bind, endpoint: description, errno: EADDRINUSE)
        }
    }

    private static func isListening(at path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
