import Glibc

// Protects the path of a Unix socket: libzmq deletes whatever file has this path before it binds.
extension Endpoint {
    /// Refuses an `ipc` path if a process listens there, or if the file is not a socket.
    ///
    /// Without this check, libzmq would delete a user's file, or the socket of a running coordinator, whose clients
    /// would then be lost without an error. A socket that nobody listens at is left over from a killed process and may
    /// be deleted.
    func requireFreePath() throws(ZeroMQError) {
        guard case .ipc(let path) = transport, path != "*", !path.hasPrefix("@") else { return }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .ipcPathTaken(path: path) }
        if Self.isListening(at: path) {
            throw .failed(.bind, endpoint: description, errno: EADDRINUSE)
        }
    }

    /// Waits a little for an address in use to become free; `false` when there have been tries enough.
    ///
    /// A socket that this process has closed listens on while a child process has a copy of its descriptor: every child
    /// has, from its start to its exec.
    func mayBecomeFree(tries: Int) -> Bool {
        if case .inproc = transport { return false }
        guard tries <= 25 else { return false }
        usleep(20_000)
        return true
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
