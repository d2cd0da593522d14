import Scoring

/// Texts as two raw frames: their lengths and their UTF-8 bytes, one after the other; with what is known beside them as a
/// third, where there is any.
///
/// The coordinator forwards blocks without reading them; only halving a shard slices one.
public struct TextBlock: Hashable, Sendable {
    /// Number of texts.
    public let count: Int
    /// Bytes of each text, as little-endian 32-bit numbers.
    let lengthsFrame: RawFrame
    /// All texts, concatenated.
    public let bytes: RawFrame
    /// Side information of each text; `nil` where none is used.
    public let side: SideBlock?

    /// Packs texts. Precondition: side information is of as many rows.
    public init(_ texts: some Sequence<String>, side: SideBlock? = nil) {
        var lengths: [UInt8] = []
        var bytes: [UInt8] = []
        var count = 0
        for text in texts {
            let before = bytes.count
            bytes.append(contentsOf: text.utf8)
            LittleEndian.append(UInt32(bytes.count - before), to: &lengths)
            count += 1
        }
        precondition(side.map { $0.count == count } ?? true, "side information of other rows than \(count) texts")
        self.init(count: count, checkedLengths: RawFrame(lengths), RawFrame(bytes), side)
    }

    /// Packs texts that are bytes already: so many of `textBytes` each.
    /// Precondition: `bytes` has that many bytes.
    public init(count: Int, textBytes: Int, bytes: [UInt8]) {
        precondition(bytes.count == count * textBytes, "\(bytes.count) bytes are not \(count) texts of \(textBytes)")
        var lengths: [UInt8] = []
        lengths.reserveCapacity(count * 4)
        for _ in 0..<count { LittleEndian.append(UInt32(textBytes), to: &lengths) }
        self.init(count: count, checkedLengths: RawFrame(lengths), RawFrame(bytes))
    }

    private init(count: Int, checkedLengths: RawFrame, _ bytes: RawFrame, _ side: SideBlock? = nil) {
        self.count = count
        lengthsFrame = checkedLengths
        self.bytes = bytes
        self.side = side
    }

    /// Reads the two frames, and the third where there is one.
    /// - Throws: `badFrame` unless the lengths are `count` numbers within limits that add up to the bytes; as `SideBlock`
    ///   does.
    init(count: Int, lengthsFrame: RawFrame, bytes: RawFrame, side: RawFrame? = nil) throws(WireError) {
        guard lengthsFrame.count == count * 4 else {
            throw .badFrame("lengths", found: lengthsFrame.count, expected: count * 4)
        }
        let (total, largest) = lengthsFrame.withBytes { span in
            var total = 0
            var largest: UInt32 = 0
            for text in 0..<count {
                let length = LittleEndian.uint32(span, at: text * 4)
                total += Int(length)
                largest = max(largest, length)
            }
            return (total, Int(largest))
        }
        guard largest <= Limits.textBytesMax else {
            throw .tooLarge("text", found: largest, limit: Limits.textBytesMax)
        }
        guard total == bytes.count else { throw .badFrame("texts", found: bytes.count, expected: total) }
        var block: SideBlock?
        if let side { block = try SideBlock(count: count, frame: side) }
        self.init(count: count, checkedLengths: lengthsFrame, bytes, block)
    }

    /// Bytes of each text.
    public var lengths: [Int] {
        lengthsFrame.withBytes { span in (0..<count).map { Int(LittleEndian.uint32(span, at: $0 * 4)) } }
    }

    /// The texts, in order; `nil` in the place of one that is not UTF-8.
    public var texts: [String?] {
        let lengths = lengths
        return bytes.withBytes { span in
            var texts: [String?] = []
            texts.reserveCapacity(lengths.count)
            var start = 0
            for length in lengths {
                if let text = try? UTF8Span(validating: span.extracting(start..<start + length)) {
                    texts.append(String(copying: text))
                } else {
                    texts.append(nil)
                }
                start += length
            }
            return texts
        }
    }

    /// The block of some of the texts. Precondition: `rows` is within the block.
    public func slice(_ rows: Range<Int>) -> TextBlock {
        if rows == 0..<count { return self }
        let lengths = lengths
        let start = lengths[..<rows.lowerBound].reduce(0, +)
        let size = lengths[rows].reduce(0, +)
        return TextBlock(
            count: rows.count, checkedLengths: lengthsFrame.copy(rows.lowerBound * 4..<rows.upperBound * 4),
            bytes.copy(start..<start + size), side?.slice(rows))
    }

    /// The frames, in the order of the wire.
    var frames: [RawFrame] { [lengthsFrame, bytes] + (side.map { [$0.frame] } ?? []) }
}
