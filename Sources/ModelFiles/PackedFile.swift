import Foundation
import Kernels
import Scoring

/// A file of packed weights: a head of text, then parts on page boundaries.
struct PackedFile {
    /// Why a file could not be made.
    struct Failure: Error {
        let text: String
    }

    let path: String
    private let folder: String
    private let head: [UInt8]
    private let places: [Range<Int>]

    private static let page = 4096

    /// The name follows from the head, so that files of different models, layouts and precisions can be in one folder.
    init(head: String, parts: [Int], in folder: String) {
        self.folder = folder
        path = "\(folder)/\(Digest(of: head).hex.prefix(32)).packed"
        self.head = Array(head.utf8)
        var places: [Range<Int>] = []
        var end = self.head.count
        for bytes in parts {
            let start = (end + Self.page - 1) / Self.page * Self.page
            places.append(start..<start + bytes)
            end = start + bytes
        }
        self.places = places
    }

    private var bytes: Int { places.last?.upperBound ?? head.count }

    /// The parts, if there is such a file with the expected head and size.
    func open() -> [PackedBytes]? {
        // Whatever is wrong with the file, it is made again.
        guard let mapping = try? MappedFile(path: path), mapping.count == bytes,
            mapping.withBytes({ $0.starts(with: head) })
        else { return nil }
        return places.map { mapping.lend($0) }
    }

    /// Makes the file, or waits until another process has made it; `isNew` says whether it was this one.
    ///
    /// Throws what `pack` throws; a folder that cannot be written or a full disk are a `Failure`.
    func make(
        _ pack: (Int) throws(ModelError) -> PackedBytes
    ) throws(ModelError) -> Result<(parts: [PackedBytes], isNew: Bool), Failure> {
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let lock = Foundation.open("\(path).lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard lock >= 0 else { return .failure(Failure(text: "\(folder): \(Self.reason(errno))")) }
        // Unlocked before it is closed: a child process that starts now has a copy of the descriptor until its exec. The end
        // of the process unlocks it too.
        defer {
            flock(lock, LOCK_UN)
            close(lock)
        }
        guard flock(lock, LOCK_EX) == 0 else { return .failure(Failure(text: "\(path).lock: \(Self.reason(errno))")) }
        if let parts = open() { return .success((parts, false)) }
        let partial = "\(path).partial"
        let target = Foundation.open(partial, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o644)
        guard target >= 0 else { return .failure(Failure(text: "\(partial): \(Self.reason(errno))")) }
        let handle = FileHandle(fileDescriptor: target, closeOnDealloc: true)
        do {
            try write(to: handle, pack)
        } catch let error as ModelError {
            unlink(partial)
            throw error
        } catch {
            unlink(partial)
            return .failure(Failure(text: "\(partial): \(error)"))
        }
        guard rename(partial, path) == 0 else { return .failure(Failure(text: "\(path): \(Self.reason(errno))")) }
        guard let parts = open() else { return .failure(Failure(text: "\(path): not what was written")) }
        return .success((parts, true))
    }

    // The head is written last: a truncated file has none and is not used.
    private func write(to handle: FileHandle, _ pack: (Int) throws(ModelError) -> PackedBytes) throws {
        for (index, place) in places.enumerated() {
            let part = try pack(index)
            try handle.seek(toOffset: UInt64(place.lowerBound))
            try part.withBytes { try handle.write(contentsOf: $0) }
        }
        try handle.seek(toOffset: 0)
        try handle.write(contentsOf: head)
        try handle.synchronize()
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
