import CZeroMQ
import Glibc

/// Memory of this process, as the system counts it.
package enum ProcessMemory {
    /// Resident bytes; 0 where the system does not say. Cost: some 10 µs.
    static var resident: Int {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = read(file, &text, text.count)
        guard count > 0 else { return 0 }
        // The second number: resident pages.
        let numbers = text[..<count].split(separator: UInt8(ascii: " "))
        guard numbers.count > 1, let pages = Int(String(decoding: numbers[1], as: UTF8.self)) else { return 0 }
        return pages * Int(getpagesize())
    }

    /// Has the allocator return blocks of `bytes` and more to the system as soon as they are freed. For the whole process.
    ///
    /// By default glibc raises this size, and what it keeps free, to 32 and 64 MiB for each of its arenas once a large block was
    /// freed. A process whose threads pass large messages on then has much more than it uses: while reports of outcomes
    /// of 4 MB arrive without end, 354 MB on average, and 263 MB with blocks of 256 KiB.
    package static func returnBlocks(from bytes: Int32) { _ = mallopt(M_MMAP_THRESHOLD, bytes) }

    /// Returns what the allocator keeps free to the system. Cost: milliseconds.
    static func returnFree() { malloc_trim(0) }
}
