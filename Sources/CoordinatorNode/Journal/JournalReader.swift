import Scoring

/// Reads the body of a journal entry: little-endian numbers, texts and blocks with their lengths before them. Throws
/// `journalDamaged` at the end of the bytes or where a length is impossible. `JournalWriter` writes what this reads.
struct JournalReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func number() throws(CoordinatorError) -> UInt64 {
        guard position + 8 <= bytes.count else { throw .journalDamaged }
        defer { position += 8 }
        return LittleEndian.uint64(bytes.span, at: position)
    }

    /// Whether nothing follows.
    var isAtEnd: Bool { position == bytes.count }

    mutating func integer() throws(CoordinatorError) -> Int { Int(Int64(bitPattern: try number())) }

    mutating func real() throws(CoordinatorError) -> Double { Double(bitPattern: try number()) }

    /// A number of things that follow, each of at least one byte.
    mutating func count() throws(CoordinatorError) -> Int {
        let count = try integer()
        guard count >= 0, count <= bytes.count - position else { throw .journalDamaged }
        return count
    }

    mutating func block() throws(CoordinatorError) -> [UInt8] {
        let count = try count()
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func text() throws(CoordinatorError) -> String { String(decoding: try block(), as: UTF8.self) }
}
