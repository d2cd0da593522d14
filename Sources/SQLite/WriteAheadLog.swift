import Foundation

/// The write-ahead log beside a SQLite file, as a process left it.
///
/// SQLite reads it up to the first frame whose checksum is wrong, and forgets the rest without a word: so it must, because a
/// log ends like this after a power cut too. Here commits behind such a frame are found, so that their loss has a name.
///
/// Format (sqlite.org/fileformat2.html, 4): a header of 32 bytes, then frames of 24 bytes and a page. Each checksum is of all
/// that came before. Frames that an earlier use of the file left have other salts.
public enum WriteAheadLog {
    /// What is damaged.
    public struct Fault: Hashable, Sendable {
        /// Where the damage begins: the first byte of a frame, or 0 for the header.
        public let byte: Int
        /// Commits that SQLite does not read because of it, at least.
        public let commits: Int
    }

    private static let headerBytes = 32
    private static let frameBytes = 24
    private static let magics: [UInt32] = [0x377F_0682, 0x377F_0683]

    /// The damage of the log of a database that no process has open; `nil` where there is none, or no log. What was cut off at
    /// the end leaves no trace. Cost: reads the log once, about 1 ms a MiB.
    public static func fault(ofDatabase path: String) -> Fault? {
        guard let file = FileHandle(forReadingAtPath: path + "-wal") else { return nil }
        defer { try? file.close() }
        guard let header = read(headerBytes, of: file) else { return nil }
        let magic = word(header, 0, isBig: true)
        var sum = Sum(isBig: magic & 1 == 1)
        sum.add(header[..<24])
        let pageBytes = Int(word(header, 8, isBig: true))
        guard magics.contains(magic), (512...65_536).contains(pageBytes), sum.isWritten(in: header, at: 24) else {
            return read(frameBytes, of: file) == nil || header.allSatisfy { $0 == 0 } ? nil : Fault(byte: 0, commits: 1)
        }
        return fault(in: file, salts: header[16..<24], pageBytes: pageBytes, sum)
    }

    private static func fault(
        in file: FileHandle, salts: ArraySlice<UInt8>, pageBytes: Int, _ start: Sum
    ) -> Fault? {
        var sum = start
        var (place, broken, commits) = (headerBytes, Int?.none, 0)
        while let frame = read(frameBytes + pageBytes, of: file) {
            if frame[8..<16].elementsEqual(salts) {
                sum.add(frame[..<8])
                sum.add(frame[frameBytes...])
                if broken == nil, !sum.isWritten(in: frame, at: 16) { broken = place }
                // The number of the database's pages is there in the last frame of a commit only. A transaction that was killed
                // leaves frames too, but no such one.
                if broken != nil, word(frame, 4, isBig: true) != 0 { commits += 1 }
            } else if broken == nil {
                broken = place
            }
            place += frame.count
        }
        return broken.flatMap { commits > 0 ? Fault(byte: $0, commits: commits) : nil }
    }

    /// So many bytes; `nil` where there are fewer.
    private static func read(_ count: Int, of file: FileHandle) -> [UInt8]? {
        guard let data = try? file.read(upToCount: count), data.count == count else { return nil }
        return [UInt8](data)
    }

    private static func word(_ bytes: some RandomAccessCollection<UInt8>, _ offset: Int, isBig: Bool) -> UInt32 {
        let four = bytes.dropFirst(offset).prefix(4)
        return (isBig ? Array(four) : four.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The checksum of the format, over words of four bytes.
    private struct Sum {
        let isBig: Bool
        var first: UInt32 = 0
        var second: UInt32 = 0

        init(isBig: Bool) { self.isBig = isBig }

        /// Adds bytes, a multiple of eight.
        mutating func add(_ bytes: ArraySlice<UInt8>) {
            var at = bytes.startIndex
            while at + 8 <= bytes.endIndex {
                first = first &+ word(bytes, at) &+ second
                second = second &+ word(bytes, at + 4) &+ first
                at += 8
            }
        }

        func isWritten(in bytes: [UInt8], at offset: Int) -> Bool {
            first == WriteAheadLog.word(bytes, offset, isBig: true)
                && second == WriteAheadLog.word(bytes, offset + 4, isBig: true)
        }

        private func word(_ bytes: ArraySlice<UInt8>, _ at: Int) -> UInt32 {
            let (a, b, c, d) = (UInt32(bytes[at]), UInt32(bytes[at + 1]), UInt32(bytes[at + 2]), UInt32(bytes[at + 3]))
            return isBig ? a << 24 | b << 16 | c << 8 | d : d << 24 | c << 16 | b << 8 | a
        }
    }
}
