import Foundation
package import Kernels

/// A file's bytes, mapped read-only for as long as the value lives.
package final class MappedFile: @unchecked Sendable {
    // Sendable because nothing is ever written through the mapping.
    private let bytes: UnsafeRawBufferPointer

    package init(path: String) throws(ModelError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(file: path, reason: Self.reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(file: path, reason: Self.reason(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(file: path, reason: "not an ordinary file") }
        let count = Int(status.st_size)
        // An empty mapping is an error to mmap; the reader decides whether an empty file is valid.
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw .unreadable(file: path, reason: Self.reason(errno))
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    package var count: Int { bytes.count }

    /// The bytes are valid inside `body` only.
    package func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(bytes)
    }

    /// A range that products read in place. Precondition: it is within the file and starts at a multiple of 64.
    package func lend(_ range: Range<Int>) -> PackedBytes {
        PackedBytes(UnsafeRawBufferPointer(rebasing: bytes[range]), lentBy: self)
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
