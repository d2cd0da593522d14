import Foundation

/// Hashes of ids with a number for each, sorted, in a file without a name; memory has a filter and every 256th hash.
///
/// Memory: 1.5 bytes an id. A search for an id that is not there reads one word of memory, and the file in 3 of 100 cases;
/// one for an id that is there reads 3 kB of the file.
package struct IDRun {
    /// A hash and its number.
    package struct Entry: Sendable {
        let hash: UInt64
        let number: UInt32

        /// Pairs a hash with a number.
        package init(hash: UInt64, number: UInt32) { (self.hash, self.number) = (hash, number) }
    }

    private let file: IDFile
    private let start: Int
    private let count: Int
    /// The first hash of each block.
    private let fences: [UInt64]
    /// Four bits of one word for each hash, 12 bits a hash.
    private let filter: [UInt64]

    private static let entryBytes = 12
    private static let blockEntries = 256
    private static let bitsPerEntry = 12

    /// Appends entries to a file; their hashes rise. Throws `diskFull` and `unwritable`.
    package init(_ entries: [Entry], in file: IDFile) throws(CorporaError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * Self.entryBytes)
        var fences: [UInt64] = []
        var filter = [UInt64](repeating: 0, count: entries.count * Self.bitsPerEntry / 64 + 1)
        for (place, entry) in entries.enumerated() {
            if place % Self.blockEntries == 0 { fences.append(entry.hash) }
            filter[Self.word(of: entry.hash, words: filter.count)] |= Self.bits(of: entry.hash)
            for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: entry.hash >> shift)) }
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: entry.number >> shift))
            }
        }
        start = try file.append(bytes)
        (self.file, self.fences, self.filter, count) = (file, fences, filter, entries.count)
    }

    /// The number of a hash; `nil` if it is not there. Throws `unreadable`.
    package func number(of hash: UInt64) throws(CorporaError) -> UInt32? {
        let bits = Self.bits(of: hash)
        guard filter[Self.word(of: hash, words: filter.count)] & bits == bits else { return nil }
        let block = Self.count(in: 0..<fences.count) { fences[$0] <= hash } - 1
        guard block >= 0 else { return nil }
        let first = block * Self.blockEntries
        let entries = min(Self.blockEntries, count - first)
        let bytes = try file.read(start + first * Self.entryBytes, count: entries * Self.entryBytes)
        func hashOf(_ entry: Int) -> UInt64 {
            Self.little(bytes[entry * Self.entryBytes..<entry * Self.entryBytes + 8])
        }
        let place = Self.count(in: 0..<entries) { hashOf($0) < hash }
        guard place < entries, hashOf(place) == hash else { return nil }
        let end = (place + 1) * Self.entryBytes
        return UInt32(truncatingIfNeeded: Self.little(bytes[end - 4..<end]))
    }

    // The word is chosen by the upper bits of the hash, the bits in it by the lower ones.
    private static func word(of hash: UInt64, words: Int) -> Int {
        Int(hash.multipliedFullWidth(by: UInt64(words)).high)
    }

    private static func bits(of hash: UInt64) -> UInt64 {
        1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63) | 1 << (hash >> 18 & 63)
    }

    private static func little(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// How many of the first places hold; the places that hold come first.
    private static func count(in places: Range<Int>, where holds: (Int) -> Bool) -> Int {
        var (low, high) = (places.lowerBound, places.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A file without a name that grows at its end; it is gone when the process ends, however it ends.
package final class IDFile {
    private let descriptor: Int32
    private var end = 0

    /// Creates it in the system's folder for temporary files. Throws `unwritable`.
    package init() throws(CorporaError) { descriptor = try UnnamedFile.make() }

    deinit { close(descriptor) }

    /// Returns where the bytes begin.
    package func append(_ bytes: [UInt8]) throws(CorporaError) -> Int {
        guard lseek(descriptor, off_t(end), SEEK_SET) >= 0 else {
            throw FileBytes.problem("the temporary table of ids", "write", bytes: bytes.count)
        }
        try FileBytes.write(bytes, to: descriptor, name: "the temporary table of ids")
        defer { end += bytes.count }
        return end
    }

    /// Reads bytes that were appended.
    func read(_ start: Int, count: Int) throws(CorporaError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        while true {
            let found = pread(descriptor, &bytes, count, off_t(start))
            if found == count { return bytes }
            if found < 0, errno == EINTR { continue }
            let reason = found < 0 ? String(cString: strerror(errno)) : "it is shorter than what was written"
            throw .unreadable(path: "the temporary table of ids", reason: reason)
        }
    }
}
