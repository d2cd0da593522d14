import Glibc

/// Claims a file for this process, for as long as the object lives, by a lock on a file beside it.
///
/// The file itself is not locked, so that other processes can read it. The lock ends with the process; the file of the lock
/// stays, because to remove it would let two processes hold locks on two files of one name.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// `nil` where another process has the claim, or a second object of this one.
    public init?(beside path: String) {
        descriptor = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit {
        // Before it is closed: a child process that starts now has a copy of the descriptor until its exec, and would keep
        // the lock for so long.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
