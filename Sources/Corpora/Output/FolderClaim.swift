import Foundation

/// Claims an output folder for this process, for as long as the object lives: another process is refused at once.
///
/// The claim is a lock on the folder itself, which ends with the process. Where the file system has no such locks, the
/// run's journal still refuses a second writer.
public final class FolderClaim {
    private let descriptor: Int32

    /// Throws `folderInUse`, and `unwritable` for a folder without the permission to write. The folder must exist.
    public init(_ folder: String) throws(CorporaError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .unwritable(path: folder, operation: "open the folder", reason: String(cString: strerror(errno)))
        }
        if let problem = Self.problem(folder, descriptor) {
            close(descriptor)
            throw problem
        }
        self.descriptor = descriptor
    }

    private static func problem(_ folder: String, _ descriptor: Int32) -> CorporaError? {
        if access(folder, W_OK | X_OK) != 0 {
            return .unwritable(path: folder, operation: "write into it", reason: String(cString: strerror(errno)))
        }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK ? .folderInUse(folder: folder) : nil
    }

    deinit {
        // Before it is closed: a child process that starts now has a copy of the descriptor until its exec.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
