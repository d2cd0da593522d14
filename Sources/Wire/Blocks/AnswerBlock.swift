public import Scoring

/// Answers as one raw frame: 20 bytes a row (p, κ, p_lo, p_hi as float32, flags as uint32).
///
/// A record of zeros is a row that has an error instead. No valid prediction is all zeros, since κ > 0.
public struct AnswerBlock: Hashable, Sendable {
    /// The frame.
    public let bytes: RawFrame

    /// Bytes of one record.
    public static let recordBytes = 20

    /// Packs predictions; `nil` is a row with an error.
    public init(_ predictions: [Prediction?]) {
        var bytes = [UInt8](repeating: 0, count: predictions.count * Self.recordBytes)
        var span = bytes.mutableSpan
        for (row, prediction) in predictions.enumerated() {
            if let prediction { Self.write(prediction, at: row * Self.recordBytes, to: &span) }
        }
        self.bytes = RawFrame(bytes)
    }

    /// Packs predictions of which none is missing.
    public init(_ predictions: [Prediction]) {
        var bytes = [UInt8](repeating: 0, count: predictions.count * Self.recordBytes)
        var span = bytes.mutableSpan
        for row in predictions.indices { Self.write(predictions[row], at: row * Self.recordBytes, to: &span) }
        self.bytes = RawFrame(bytes)
    }

    /// Reads a frame of `count` records.
    public init(count: Int, bytes: RawFrame) throws(WireError) {
        guard bytes.count == count * Self.recordBytes else {
            throw .badFrame("answers", found: bytes.count, expected: count * Self.recordBytes)
        }
        self.bytes = bytes
    }

    /// Keeps `count` records.
    public init(count: Int, bytes: [UInt8]) throws(WireError) {
        try self.init(count: count, bytes: RawFrame(bytes))
    }

    /// Puts the answers of pieces behind one another; those of a single one stay where they are.
    public init(joining blocks: [AnswerBlock]) {
        bytes = blocks.count == 1 ? blocks[0].bytes : RawFrame(blocks.flatMap(\.bytes.array))
    }

    /// Number of rows.
    public var count: Int { bytes.count / Self.recordBytes }

    /// How many rows have a prediction.
    public var predicted: Int {
        bytes.withBytes { span in
            (0..<span.count / Self.recordBytes).count { Self.prediction(span, row: $0) != nil }
        }
    }

    /// A row's prediction; `nil` where there is none or the numbers are not a prediction's.
    public subscript(row: Int) -> Prediction? {
        bytes.withBytes { Self.prediction($0, row: row) }
    }

    private static func prediction(_ span: borrowing Span<UInt8>, row: Int) -> Prediction? {
        let start = row * Self.recordBytes
        return Prediction(
            p: Float(bitPattern: LittleEndian.uint32(span, at: start)),
            kappa: Float(bitPattern: LittleEndian.uint32(span, at: start + 4)),
            pLo: Float(bitPattern: LittleEndian.uint32(span, at: start + 8)),
            pHi: Float(bitPattern: LittleEndian.uint32(span, at: start + 12)),
            flags: Prediction.Flags(rawValue: LittleEndian.uint32(span, at: start + 16)))
    }

    private static func write(_ prediction: Prediction, at start: Int, to span: inout MutableSpan<UInt8>) {
        write(prediction.p.bitPattern, at: start, to: &span)
        write(prediction.kappa.bitPattern, at: start + 4, to: &span)
        write(prediction.pLo.bitPattern, at: start + 8, to: &span)
        write(prediction.pHi.bitPattern, at: start + 12, to: &span)
        write(prediction.flags.rawValue, at: start + 16, to: &span)
    }

    private static func write(_ value: UInt32, at offset: Int, to span: inout MutableSpan<UInt8>) {
        for byte in 0..<4 { span[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte))) }
    }
}
