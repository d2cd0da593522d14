import Foundation
import Scoring

/// Copies of objects on a worker's disk, for formats that are read from several places: one of each object, bounded in bytes.
///
/// A copy has no name, so it is gone when the process ends, however it ends. The copy that was used least recently is removed
/// when a new one needs its space.
final class ObjectCopies {
    /// One copy. It can be opened for as long as the value is kept.
    final class Copy {
        let file: RowRanges.File
        private let descriptor: Int32

        init(_ file: RowRanges.File, descriptor: Int32) {
            self.file = file
            self.descriptor = descriptor
        }

        deinit { close(descriptor) }

        /// The path to open.
        var location: String { "/proc/self/fd/\(descriptor)" }
    }

    private let bytesMax: Int
    /// Least recently used first.
    private var copies: [Copy] = []

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// Bytes of all copies.
    var bytes: Int { copies.reduce(0) { $0 + $1.file.bytes } }

    /// Whether there is a copy of an object.
    func has(_ file: RowRanges.File) -> Bool { copies.contains { $0.file == file } }

    /// The copy of an object. Throws `unreachable` and `changed`.
    func copy(
        of file: RowRanges.File, rows: String, onProgress: @escaping @Sendable () -> Void
    ) throws(RangeError) -> Copy {
        if let place = copies.firstIndex(where: { $0.file == file }) {
            let copy = copies.remove(at: place)
            copies.append(copy)
            return copy
        }
        guard file.bytes <= bytesMax else {
            throw .unreachable(
                path: file.path, rows: rows,
                reason: "a copy of its \(file.bytes) bytes is more than the \(bytesMax) of --data-copies-mib")
        }
        while !copies.isEmpty, bytes > bytesMax - file.bytes { copies.removeFirst() }
        let copy = Copy(file, descriptor: try copied(file, rows, onProgress))
        copies.append(copy)
        return copy
    }

    private func copied(
        _ file: RowRanges.File, _ rows: String, _ onProgress: @escaping @Sendable () -> Void
    ) throws(RangeError) -> Int32 {
        var opened: Int32?
        do throws(CorporaError) {
            let storage = try RemoteFiles.storage(for: file.path)
            let descriptor = try UnnamedFile.make()
            opened = descriptor
            _ = try storage.copy(
                file.path, to: descriptor, expecting: file.tag, bytesMax: file.bytes, onProgress: onProgress)
            var status = stat()
            guard fstat(descriptor, &status) == 0, Int(status.st_size) == file.bytes else {
                throw .objectChanged(path: file.path)
            }
            return descriptor
        } catch {
            if let opened { close(opened) }
            throw RangeError(error, file, rows: rows)
        }
    }
}

extension RangeError {
    /// What a storage says of an object.
    init(_ error: CorporaError, _ file: RowRanges.File, rows: String) {
        guard case .objectChanged = error else {
            self = .unreachable(path: file.path, rows: rows, reason: "\(error)")
            return
        }
        self = .changed(
            path: file.path, rows: rows, what: file.tag == nil ? "size" : "entity tag or size",
            expected: file.tag.map { "\($0) and \(file.bytes) bytes" } ?? "\(file.bytes) bytes", found: "another")
    }
}
