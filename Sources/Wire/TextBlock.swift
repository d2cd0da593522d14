/// Texts as two raw frames: their lengths and their UTF-8 bytes, one after the other.
///
/// The coordinator passes blocks on without looking inside; only halving a shard slices one.
public struct TextBlock: Hashable, Sendable {
    /// Bytes of each text.
    public let lengths: [UInt32]
    /// All texts, concatenated.
    public let bytes: [UInt8]

    /// Packs texts.
    public init(_ texts: some Sequence<String>) {
        var lengths: [UInt32] = []
        var bytes: [UInt8] = []
        for text in texts {
            let before = bytes.count
            bytes.append(contentsOf: text.utf8)
            lengths.append(UInt32(bytes.count - before))
        }
        self.lengths = lengths
        self.bytes = bytes
    }

    private init(lengths: [UInt32], bytes: [UInt8]) {
        self.lengths = lengths
        self.bytes = bytes
    }

    /// Reads the two frames.
    /// - Throws: `badFrame` unless the lengths are `count` numbers within limits that add up to the bytes.
    init(count: Int, lengthsFrame: [UInt8], bytes: [UInt8]) throws(WireError) {
        guard lengthsFrame.count == count * 4 else {
            throw .badFrame("lengths", found: lengthsFrame.count, expected: count * 4)
        }
        var lengths: [UInt32] = []
        lengths.reserveCapacity(count)
        var total = 0
        for i in 0..<count {
            let length = LittleEndian.uint32(lengthsFrame, at: i * 4)
            guard length <= Limits.textBytesMax else {
                throw .tooLarge("text", found: Int(length), limit: Limits.textBytesMax)
            }
            total += Int(length)
            lengths.append(length)
        }
        guard total == bytes.count else { throw .badFrame("texts", found: bytes.count, expected: total) }
        self.init(lengths: lengths, bytes: bytes)
    }

    /// Number of texts.
    public var count: Int { lengths.count }

    /// The lengths as a frame of little-endian 32-bit numbers.
    var lengthsFrame: [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(lengths.count * 4)
        for length in lengths { LittleEndian.append(length, to: &frame) }
        return frame
    }

    /// The texts, in order; `nil` in the place of one that is not UTF-8.
    public var texts: [String?] {
        var start = 0
        return lengths.map { length in
            defer { start += Int(length) }
            return String(validating: bytes[start..<start + Int(length)], as: UTF8.self)
        }
    }

    /// The block of some of the texts. Precondition: `rows` lies within the block.
    public func slice(_ rows: Range<Int>) -> TextBlock {
        if rows == 0..<count { return self }
        let start = lengths[..<rows.lowerBound].reduce(0) { $0 + Int($1) }
        let size = lengths[rows].reduce(0) { $0 + Int($1) }
        return TextBlock(lengths: Array(lengths[rows]), bytes: Array(bytes[start..<start + size]))
    }
}
