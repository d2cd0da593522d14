import Foundation
import Synchronization

/// A store's file, open and mapped: counters and index to be written through the mapping, the ring to be read only.
///
/// Cells are written by `pwrite`, which answers a full disk with an error, where a store into a mapping is answered with
/// a signal; head and index have their blocks from the beginning for the same reason. Counters and words of the index
/// are atomic across processes: lock-free on every processor that this program runs on.
final class StoreMapping {
    let layout: StoreLayout
    private let descriptor: Int32
    private let words: UnsafeMutableRawPointer
    private let ring: UnsafeRawPointer

    /// Takes over the descriptor of a whole file. Throws the reason.
    init(descriptor: Int32, layout: StoreLayout, path: String) throws(StoreError) {
        guard
            let words = mmap(nil, layout.ringStart, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            words != MAP_FAILED
        else {
            let reason = StoreFile.reason(errno)
            close(descriptor)
            throw .unusable(path: path, reason: "it cannot be mapped (\(reason))")
        }
        guard
            let ring = mmap(nil, layout.bytes - layout.ringStart, PROT_READ, MAP_SHARED, descriptor, layout.ringStart),
            ring != MAP_FAILED
        else {
            let reason = StoreFile.reason(errno)
            munmap(words, layout.ringStart)
            close(descriptor)
            throw .unusable(path: path, reason: "it cannot be mapped (\(reason))")
        }
        self.layout = layout
        self.descriptor = descriptor
        self.words = words
        self.ring = UnsafeRawPointer(ring)
    }

    deinit {
        munmap(words, layout.ringStart)
        munmap(UnsafeMutableRawPointer(mutating: ring), layout.bytes - layout.ringStart)
        // Closing gives the lock on the file back too.
        close(descriptor)
    }

    /// Cells claimed so far, by all processes; the latest position.
    var claimed: UInt64 { word(at: StoreLayout.claimedAt).pointee.load(ordering: .acquiring) }

    /// Claims the next positions; gives the first.
    func claim(_ count: Int) -> UInt64 {
        word(at: StoreLayout.claimedAt).pointee.wrappingAdd(UInt64(count), ordering: .acquiringAndReleasing).oldValue
            + 1
    }

    /// Look-ups by all processes that found something, and that did not.
    var lookUps: (hits: UInt64, misses: UInt64) {
        (
            word(at: StoreLayout.hitsAt).pointee.load(ordering: .relaxed),
            word(at: StoreLayout.missesAt).pointee.load(ordering: .relaxed)
        )
    }

    func count(hits: Int, misses: Int) {
        word(at: StoreLayout.hitsAt).pointee.wrappingAdd(UInt64(hits), ordering: .relaxed)
        word(at: StoreLayout.missesAt).pointee.wrappingAdd(UInt64(misses), ordering: .relaxed)
    }

    /// A word of the index.
    func load(bucket: Int, way: Int) -> UInt64 {
        word(at: Self.place(bucket, way)).pointee.load(ordering: .acquiring)
    }

    /// Puts a word in place of the one seen; false if another came first.
    func exchange(bucket: Int, way: Int, seen: UInt64, new: UInt64) -> Bool {
        word(at: Self.place(bucket, way)).pointee.compareExchange(
            expected: seen, desired: new, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Copies a cell. Another process may be writing it, so the copy is to be checked, never the cell.
    /// Precondition: `copy` has a cell's bytes.
    func copyCell(_ position: UInt64, into copy: inout [UInt8]) {
        let start = layout.offset(ofPosition: position) - layout.ringStart
        copy.withUnsafeMutableBytes {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: ring + start, count: layout.cellBytes))
        }
    }

    /// Writes whole cells at consecutive positions that do not pass the ring's end; the reason if it cannot be done.
    func write(_ bytes: [UInt8], at position: UInt64) -> String? {
        let start = layout.offset(ofPosition: position)
        return bytes.withUnsafeBytes { bytes in
            var done = 0
            while let rest = bytes.baseAddress.map({ $0 + done }), done < bytes.count {
                let count = pwrite(descriptor, rest, bytes.count - done, off_t(start + done))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return StoreFile.reason(errno) }
                done += count
            }
            return nil
        }
    }

    private static func place(_ bucket: Int, _ way: Int) -> Int {
        StoreLayout.headBytes + (bucket * StoreLayout.ways + way) * 8
    }

    // An atomic has the layout of what it holds.
    private func word(at offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        (words + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }
}
