import Foundation

/// Rotary position embedding of heads whose two halves are the two coordinates (the "rotate half" layout).
///
/// Su et al. 2021, as `Qwen3RotaryEmbedding` of transformers computes it: frequency i is 1 / θ^(2i / D) in float32, the
/// angle position · frequency in float32, and only then its cosine and sine. Angles in double precision would be nearer
/// to the formula and further from the reference.
public struct RotaryEmbedding: Sendable {
    /// Channels of a head, D.
    public let headWidth: Int
    /// Number of positions in the table.
    public let positions: Int
    // (positions, D): cosines of half a head, then sines.
    private let table: [Float]

    /// Throws `unsupportedSize` unless D is a positive multiple of 16. Cost: one cosine and sine a position and
    /// frequency; D · positions floats are kept.
    public init(headWidth: Int, theta: Double, positions: Int) throws(KernelError) {
        guard headWidth > 0, headWidth % 16 == 0 else {
            throw .unsupportedSize(
                kernel: "RotaryEmbedding", what: "head width", found: headWidth, need: "a positive multiple of 16")
        }
        self.headWidth = headWidth
        self.positions = positions
        let frequencies = Self.frequencies(headWidth: headWidth, theta: theta)
        var table: [Float] = []
        table.reserveCapacity(positions * headWidth)
        for position in 0..<positions {
            let angles = frequencies.map { Float(position) * $0 }
            table += angles.map { Float(cos(Double($0))) }
            table += angles.map { Float(sin(Double($0))) }
        }
        self.table = table
    }

    /// Bytes of a table.
    public static func bytes(headWidth: Int, positions: Int) -> Int {
        headWidth * positions * MemoryLayout<Float>.stride
    }

    /// 1 / θ^(2i / D) for i in 0..<D / 2, each step rounded to float32 as the reference rounds it.
    public static func frequencies(headWidth: Int, theta: Double) -> [Float] {
        (0..<headWidth / 2).map { 1 / Float(pow(theta, Double(Float(2 * $0) / Float(headWidth)))) }
    }

    /// Normalises and then rotates some heads of each row, in place: what Qwen3 does to queries and to keys.
    ///
    /// A row is `stride` floats. `heads` are the heads to rotate, D floats each. `position` returns a row's position in
    /// its sequence. Precondition: rows and heads are within the buffer, positions within the table.
    public func apply(
        to values: FloatBuffer, rows: Range<Int>, stride: Int, heads: Range<Int>, norm: RMSNorm, position: (Int) -> Int
    ) {
        precondition(
            norm.width == headWidth && heads.lowerBound >= 0 && heads.upperBound * headWidth <= stride,
            "RotaryEmbedding: heads \(heads) of \(headWidth) in \(stride)")
        let x = values.pointer(rows.lowerBound * stride..<rows.upperBound * stride)
        table.withUnsafeBufferPointer { table in
            guard let table = table.baseAddress else { return }
            for row in rows {
                let place = position(row)
                precondition(0 <= place && place < positions, "RotaryEmbedding: position \(place) of \(positions)")
                let angles = table + place * headWidth
                for head in heads {
                    let start = x + (row - rows.lowerBound) * stride + head * headWidth
                    norm.normalize(start, into: start)
                    rotate(start, angles)
                }
            }
        }
    }

    @inline(__always)
    private func rotate(_ x: UnsafeMutablePointer<Float>, _ angles: UnsafePointer<Float>) {
        let half = headWidth / 2
        for i in Swift.stride(from: 0, to: half, by: 8) {
            let (cosine, sine) = (Lanes.load(angles + i), Lanes.load(angles + half + i))
            let (first, second) = (Lanes.load(x + i), Lanes.load(x + half + i))
            (first * cosine - second * sine).store(x + i)
            (second * cosine + first * sine).store(x + half + i)
        }
    }
}
