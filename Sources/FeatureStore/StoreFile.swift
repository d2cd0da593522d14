import Foundation
import Scoring

/// Opening and making a store's file.
///
/// Everything that makes, judges or removes files happens with the folder's lock held, for a moment. Whoever uses a file
/// holds a shared lock on the file itself for as long as it is open; who wants to remove it tries for an exclusive one.
/// A process that dies gives back both.
enum StoreFile {
    static let name = "features.store"

    /// Opens the file of an encoder, or makes it: a file of another layout or of no sense is made again.
    ///
    /// `bytesMax` decides the size of a new file; `isSizeWanted` replaces one of another size that nobody uses.
    static func open(
        folder: String, head encoder: ModelFingerprint, columns: Int, bytesMax: Int, isSizeWanted: Bool
    ) throws(StoreError) -> StoreMapping {
        let wanted = StoreHead(encoder: encoder, layout: try StoreLayout(columns: columns, bytesMax: bytesMax))
        try makeFolder(folder)
        let path = "\(folder)/\(name)"
        if let (descriptor, found) = try look(path), found.encoder.digest == encoder.digest,
            found.layout.columns == columns
        {
            let fits = found.layout == wanted.layout
            if fits || !isSizeWanted || flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                return try use(descriptor, found.layout, path)
            }
            close(descriptor)
        }
        try make(wanted, at: path)
        guard let (descriptor, found) = try look(path) else {
            throw .unusable(path: path, reason: "it is not what was written")
        }
        return try use(descriptor, found.layout, path)
    }

    /// A file's head and descriptor, if it is there and whole. Throws if it is there and cannot be opened.
    static func look(_ path: String) throws(StoreError) -> (descriptor: Int32, head: StoreHead)? {
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
        // A lock of one's own turns from exclusive to shared.
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else {
            close(descriptor)
            throw .unusable(path: path, reason: "another process has it for itself")
        }
        // Says when it was last opened; the oldest go first when room is needed.
        futimens(descriptor, nil)
        return try StoreMapping(descriptor: descriptor, layout: layout, path: path)
    }

    // Under another name first: a file of the right name has its head and the blocks of its index.
    private static func make(_ head: StoreHead, at path: String) throws(StoreError) {
        let partial = "\(path).partial"
        // Embeddings tell something of the texts they are of, so they are the user's alone.
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
            throw .unusable(path: folder, reason: "it cannot be made (\(error.localizedDescription))")
        }
    }

    static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
