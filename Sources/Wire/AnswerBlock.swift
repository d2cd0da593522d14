public import Scoring

/// Answers as one raw frame: 20 bytes a row (p, κ, p_lo, p_hi as float32, flags as uint32).
///
/// A record of zeros stands for a row that has an error instead; no valid prediction looks like it, for κ > 0.
public struct AnswerBlock: Hashable, Sendable {
    /// The frame.
    public let bytes: [UInt8]

    /// Bytes of one record.
    public static let recordBytes = 20

    /// Packs predictions; `nil` is a row with an error.
    public init(_ predictions: [Prediction?]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(predictions.count * Self.recordBytes)
        for prediction in predictions {
            LittleEndian.append(prediction?.p.bitPattern ?? 0, to: &bytes)
            LittleEndian.append(prediction?.kappa.bitPattern ?? 0, to: &bytes)
            LittleEndian.append(prediction?.pLo.bitPattern ?? 0, to: &bytes)
            LittleEndian.append(prediction?.pHi.bitPattern ?? 0, to: &bytes)
            LittleEndian.append(prediction?.flags.rawValue ?? 0, to: &bytes)
        }
        self.bytes = bytes
    }

    /// Takes a frame of `count` records.
    public init(count: Int, bytes: [UInt8]) throws(WireError) {
        guard bytes.count == count * Self.recordBytes else {
            throw .badFrame("answers", found: bytes.count, expected: count * Self.recordBytes)
        }
        self.bytes = bytes
    }

    /// Puts the answers of pieces behind one another.
    public init(joining blocks: some Sequence<AnswerBlock>) {
        bytes = blocks.reduce(into: []) { $0.append(contentsOf: $1.bytes) }
    }

    /// Number of rows.
    public var count: Int { bytes.count / Self.recordBytes }

    /// A row's prediction; `nil` where there is none or the numbers are not a prediction's.
    public subscript(row: Int) -> Prediction? {
        let start = row * Self.recordBytes
        let number = { Float(bitPattern: LittleEndian.uint32(bytes, at: start + 4 * $0)) }
        return Prediction(
            p: number(0), kappa: number(1), pLo: number(2), pHi: number(3),
            flags: Prediction.Flags(rawValue: LittleEndian.uint32(bytes, at: start + 16)))
    }
}
