import Foundation
public import Scoring

/// The folder of a host's feature stores: one sub-folder for each encoder, so that features never mix.
public struct StoreFolder: Sendable, Equatable {
    /// Path, as given.
    public let path: String

    /// Names a folder; does not touch the disk.
    public init(path: String) {
        self.path = path
    }

    /// The contents of one encoder's store.
    public struct Content: Sendable {
        /// Name and digest of what made the features.
        public let encoder: ModelFingerprint
        /// Features of a text.
        public let columns: Int
        /// Entries in the store: those inserted so far, at most `capacity`.
        public let entries: Int
        /// Entries that fit into the ring.
        public let capacity: Int
        /// Bytes on the disk.
        public let bytes: Int
        /// Look-ups that found an entry, since the store was created.
        public let hits: Int
        /// Look-ups that found no entry.
        public let misses: Int
        /// Whether a process has it open.
        public let isInUse: Bool
    }

    /// All stores of the folder, sorted by name of the encoder; other files are not listed. Throws `locked`,
    /// `unusable`.
    public func inspect() throws(StoreError) -> [Content] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try withLock { () throws(StoreError) in
            var contents: [Content] = []
            for file in files() {
                guard let (descriptor, head) = try StoreFile.read(file) else { continue }
                let isInUse = flock(descriptor, LOCK_EX | LOCK_NB) != 0
                let bytes = Self.bytesOnDisk(descriptor)
                let mapping = try StoreMapping(descriptor: descriptor, layout: head.layout, path: file)
                let lookUps = mapping.lookUps
                contents.append(
                    Content(
                        encoder: head.encoder, columns: head.layout.columns,
                        entries: Int(clamping: min(mapping.claimed, UInt64(head.layout.cells))),
                        capacity: head.layout.cells, bytes: bytes, hits: Int(clamping: lookUps.hits),
                        misses: Int(clamping: lookUps.misses), isInUse: isInUse))
            }
            return contents.sorted { ($0.encoder.name, $0.encoder.digest) < ($1.encoder.name, $1.encoder.digest) }
        }
    }

    /// Removes all stores; returns the bytes that they had on the disk.
    ///
    /// A store in use is removed too. Processes that have it open continue with it; its space is free when they end.
    /// Throws `locked` and `unusable`. Other files stay.
    public func clear() throws(StoreError) -> Int {
        guard FileManager.default.fileExists(atPath: path) else { return 0 }
        return try withLock { () throws(StoreError) in
            var bytes = 0
            for file in files() { bytes += try remove(file) }
            return bytes
        }
    }

    /// Runs `body` while this process holds the folder's lock. Throws `locked` after 5 s.
    func withLock<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        let file = "\(path)/lock"
        let descriptor = Foundation.open(file, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unusable(path: file, reason: StoreFile.reason(errno)) }
        defer { StoreFile.release(descriptor) }
        var tries = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw .unusable(path: file, reason: StoreFile.reason(errno))
            }
            tries += 1
            guard tries < Self.lockTries else { throw .locked(path: file, seconds: Self.lockTries / 100) }
            usleep(10_000)
        }
        return try body()
    }

    // The lock is held for milliseconds; longer means that its holder was stopped. One try every 10 ms.
    private static let lockTries = 500

    /// Removes stores of other encoders that no process has open, the least recently used first, until all fits into
    /// `bytesMax`. Precondition: the lock is held.
    func freeSpace(bytesMax: Int, keeping own: String) throws(StoreError) {
        var others: [(file: String, bytes: Int, opened: Int)] = []
        var total = 0
        for file in files() {
            var status = stat()
            guard stat(file, &status) == 0 else { continue }
            total += Int(status.st_blocks) * 512
            if file != own { others.append((file, Int(status.st_blocks) * 512, status.st_mtim.tv_sec)) }
        }
        for other in others.sorted(by: { $0.opened < $1.opened }) where total > bytesMax {
            let descriptor = Foundation.open(other.file, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            defer { StoreFile.release(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            total -= try remove(other.file)
        }
    }

    /// An encoder's file.
    package func file(of encoder: ModelFingerprint) -> String { "\(folder(of: encoder))/\(StoreFile.name)" }

    func folder(of encoder: ModelFingerprint) -> String { "\(path)/\(encoder.digest.hex.prefix(32))" }

    // Folders of stores are named by digest; folders with other names are not stores.
    private func files() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) }
            .map { "\(path)/\($0)/\(StoreFile.name)" }
            .filter { FileManager.default.fileExists(atPath: $0) }
    }

    private func remove(_ file: String) throws(StoreError) -> Int {
        var status = stat()
        guard stat(file, &status) == 0 else { return 0 }
        guard unlink(file) == 0 else { throw .unusable(path: file, reason: StoreFile.reason(errno)) }
        unlink("\(file).partial")
        rmdir((file as NSString).deletingLastPathComponent)
        return Int(status.st_blocks) * 512
    }

    private static func bytesOnDisk(_ descriptor: Int32) -> Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_blocks) * 512 : 0
    }
}
