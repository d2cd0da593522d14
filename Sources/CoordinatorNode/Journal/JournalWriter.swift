import Scoring

/// Writes the body of a journal entry: little-endian numbers, texts and blocks with their lengths before them.
struct JournalWriter {
    private(set) var bytes: [UInt8] = []

    /// Makes space for so many more bytes, about.
    mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

    mutating func append(_ number: Int) { LittleEndian.append(UInt64(bitPattern: Int64(number)), to: &bytes) }

    mutating func append(_ number: Double) { LittleEndian.append(number.bitPattern, to: &bytes) }

    mutating func append(_ block: [UInt8]) {
        append(block.count)
        bytes += block
    }

    mutating func append(_ text: String) { append(Array(text.utf8)) }
}
