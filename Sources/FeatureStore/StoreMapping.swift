import Foundation
import Synchronization

/// The file of a store, open and mapped: counters and index are written through the mapping, the ring is only read.
///
/// Cells are written by `pwrite`, because on a full disk it returns an error, while a write into a mapping raises a
/// signal. Head and index have their blocks from the beginning for the same reason. Counters and words of the index
/// are atomic across processes, and lock-free on every processor that this program runs on.
final class StoreMapping {
    let layout: StoreLayout
    private let descriptor: Int32
    private let words: UnsafeMutableRawPointer
    private let ring: UnsafeRawPointer

    /// Maps a valid file and owns its descriptor from now on. Throws why it cannot be mapped.
    init(descriptor: Int32, layout: StoreLayout, path: String) throws(StoreError) {
        guard
            let words = mmap(nil, layout.ringStart, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            words != MAP_FAILED
        else {
            let reason = StoreFile.reason(errno)
            StoreFile.release(descriptor)
            throw .unusable(path: path, reason: "cannot map the file (\(reason))")
        }
        guard
            let ring = mmap(nil, layout.bytes - layout.ringStart, PROT_READ, MAP_SHARED, descriptor, layout.ringStart),
            ring != MAP_FAILED
        else {
            let reason = StoreFile.reason(errno)
            munmap(words, layout.ringStart)
            StoreFile.release(descriptor)
            throw .unusable(path: path, reason: "cannot map the file (\(reason))")
        }
        self.layout = layout
        self.descriptor = descriptor
        self.words = words
        self.ring = UnsafeRawPointer(ring)
    }

    deinit {
        munmap(words, layout.ringStart)
        munmap(UnsafeMutableRawPointer(mutating: ring), layout.bytes - layout.ringStart)
        StoreFile.release(descriptor)
    }

    /// Cells claimed so far by all processes; also the latest position.
    var claimed: UInt64 { word(at: StoreLayout.claimedAt).pointee.load(ordering: .acquiring) }

    /// Claims the next positions; returns the first.
    func claim(_ count: Int) -> UInt64 {
        // Wraps around like the word itself: a damaged file may have any number there.
        word(at: StoreLayout.claimedAt).pointee.wrappingAdd(UInt64(count), ordering: .acquiringAndReleasing).oldValue
            &+ 1
    }

    /// Look-ups by all processes that found an entry, and that did not.
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

    /// Replaces the word that was seen; `false` if another writer was first.
    func exchange(bucket: Int, way: Int, seen: UInt64, new: UInt64) -> Bool {
        word(at: Self.place(bucket, way)).pointee.compareExchange(
            expected: seen, desired: new, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Copies a cell. Another process may be writing it, so check the copy, never the cell.
    /// Precondition: `copy` has a cell's bytes.
    func copyCell(_ position: UInt64, into copy: inout [UInt8]) {
        let start = layout.offset(ofPosition: position) - layout.ringStart
        copy.withUnsafeMutableBytes {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: ring + start, count: layout.cellBytes))
        }
    }

    /// Writes whole cells at consecutive positions that do not pass the end of the ring; returns the reason on failure.
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
