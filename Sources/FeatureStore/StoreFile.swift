import Foundation
import Scoring

/// Opens and creates the file of a store.
///
/// Files are created, checked and removed while the folder's lock is held, for milliseconds. A process that uses a file
/// holds a shared lock on it while it is open; a process that wants to remove it tries to get an exclusive one. The
/// system releases both locks when a process dies.
enum StoreFile {
    static let name = "features.store"

    /// Opens the file of an encoder, or creates it. An invalid file or one of another layout is recreated.
    ///
    /// `bytesMax` decides the size of a new file; `isSizeWanted` replaces one of another size that no process has open.
    static func open(
        folder: String, head encoder: ModelFingerprint, columns: Int, bytesMax: Int, isSizeWanted: Bool
    ) throws(StoreError) -> StoreMapping {
        let wanted = StoreHead(encoder: encoder, layout: try StoreLayout(columns: columns, bytesMax: bytesMax))
        try makeFolder(folder)
        let path = "\(folder)/\(name)"
        if let (descriptor, found) = try read(path), found.encoder.digest == encoder.digest,
            found.layout.columns == columns
        {
            let fits = found.layout == wanted.layout
            if fits || !isSizeWanted || flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                return try use(descriptor, found.layout, path)
            }
            release(descriptor)
        }
        try make(wanted, at: path)
        guard let (descriptor, found) = try read(path) else {
            throw .unusable(path: path, reason: "the new file does not read back as it was written")
        }
        return try use(descriptor, found.layout, path)
    }

    /// The head and descriptor of a file, if it exists and is valid. Throws if it exists and cannot be opened.
    static func read(_ path: String) throws(StoreError) -> (descriptor: Int32, head: StoreHead)? {
        let descriptor = Foundation.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unusable(path: path, reason: reason(errno))
        }
        var status = stat()
        var bytes = [UInt8](repeating: 0, count: StoreLayout.claimedAt)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count == bytes.count, let head = StoreHead(bytes: bytes), fstat(descriptor, &status) == 0,
            Int(status.st_size) == head.layout.bytes
        else {
            close(descriptor)
            return nil
        }
        return (descriptor, head)
    }

    private static func use(
        _ descriptor: Int32, _ layout: StoreLayout, _ path: String
    ) throws(StoreError) -> StoreMapping {
        // A lock that this process holds is converted from exclusive to shared.
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else {
            close(descriptor)
            throw .unusable(path: path, reason: "another process has locked it")
        }
        // The time of modification is when it was last opened; the oldest are removed first when space is needed.
        futimens(descriptor, nil)
        return try StoreMapping(descriptor: descriptor, layout: layout, path: path)
    }

    // Created under another name first: a file of the right name has its head and the blocks of its index.
    private static func make(_ head: StoreHead, at path: String) throws(StoreError) {
        let partial = "\(path).partial"
        // Embeddings reveal something about their texts, so only the user may read them.
        let descriptor = Foundation.open(partial, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unusable(path: partial, reason: reason(errno)) }
        defer { close(descriptor) }
        let text = Array(head.text.utf8)
        guard text.count < StoreLayout.claimedAt, ftruncate(descriptor, off_t(head.layout.bytes)) == 0 else {
            throw discard(partial, reason(errno))
        }
        let refusal = posix_fallocate(descriptor, 0, off_t(head.layout.ringStart))
        guard refusal == 0 else { throw discard(partial, reason(refusal)) }
        guard pwrite(descriptor, text, text.count, 0) == text.count, rename(partial, path) == 0 else {
            throw discard(partial, reason(errno))
        }
    }

    private static func discard(_ partial: String, _ reason: String) -> StoreError {
        unlink(partial)
        return .unusable(path: partial, reason: reason)
    }

    static func makeFolder(_ folder: String) throws(StoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unusable(path: folder, reason: "cannot create the folder (\(error.localizedDescription))")
        }
    }

    /// Unlocks and closes. Without the first, a child process that starts now would keep the lock: it has a copy of the
    /// descriptor until its exec.
    static func release(_ descriptor: Int32) {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
