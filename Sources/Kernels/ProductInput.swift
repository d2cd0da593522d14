/// Rows for products to read, in their precision: what several products share is rounded once.
///
/// Kernels write into it (`RMSNorm`, `SwiGLU`, `CausalAttention`), products read from it. Threads may
/// write different rows at once.
public final class ProductInput {
    /// In which numbers the rows are kept.
    public let precision: Precision
    /// Numbers that there is room for.
    public let count: Int
    private let storage: FloatBuffer

    /// Room for `count` numbers, zero at first.
    public init(count: Int, precision: Precision) {
        self.count = count
        self.precision = precision
        storage = FloatBuffer(count: (count * precision.bytes + 3) / 4)
    }

    /// Rounds `count` floats from the start of `source` into the start of this. Precondition: both have them.
    public func fill(from source: FloatBuffer, count: Int) {
        store(source.pointer(first: count), at: 0, count: count)
    }

    /// A copy of a range, widened to floats.
    public func copy(_ range: Range<Int>) -> [Float] {
        switch precision {
        case .float32:
            return Array(UnsafeBufferPointer(start: floats(range), count: range.count))
        case .bfloat16:
            let x = halves(range)
            return (0..<range.count).map { Float(bitPattern: UInt32(x[$0]) << 16) }
        }
    }

    /// Where a range lies, whichever the precision.
    func raw(_ range: Range<Int>) -> UnsafeMutableRawPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "ProductInput: \(range) of \(count)")
        return UnsafeMutableRawPointer(storage.base) + range.lowerBound * precision.bytes
    }

    func floats(_ range: Range<Int>) -> UnsafeMutablePointer<Float> {
        precondition(precision == .float32, "ProductInput: floats of \(precision)")
        return raw(range).assumingMemoryBound(to: Float.self)
    }

    func halves(_ range: Range<Int>) -> UnsafeMutablePointer<UInt16> {
        precondition(precision == .bfloat16, "ProductInput: bfloat16 of \(precision)")
        return raw(range).assumingMemoryBound(to: UInt16.self)
    }

    /// Writes `count` floats from `x` at `index`, rounded if need be.
    @inline(__always)
    func store(_ x: UnsafePointer<Float>, at index: Int, count: Int) {
        switch precision {
        case .float32: floats(index..<index + count).update(from: x, count: count)
        case .bfloat16: Self.round(x, halves(index..<index + count), count: count)
        }
    }

    /// Has `body` compute each of `rows` rows of `width` floats, in place or in a line that is then rounded.
    @inline(__always)
    func writeRows(_ rows: Range<Int>, width: Int, _ body: (Int, UnsafeMutablePointer<Float>) -> Void) {
        let range = rows.lowerBound * width..<rows.upperBound * width
        switch precision {
        case .float32:
            let y = floats(range)
            for row in rows { body(row, y + (row - rows.lowerBound) * width) }
        case .bfloat16:
            let y = halves(range)
            withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { line in
                guard let line = line.baseAddress else { return }
                for row in rows {
                    body(row, line)
                    Self.round(line, y + (row - rows.lowerBound) * width, count: width)
                }
            }
        }
    }

    /// The bfloat16 nearest to a float, as a float.
    static func rounded(_ x: Float) -> Float {
        var half: UInt16 = 0
        withUnsafePointer(to: x) { round($0, &half, count: 1) }
        return Float(bitPattern: UInt32(half) << 16)
    }

    // A plain loop over integers, which the compiler turns into vectors; Swift's own narrowing of vectors it does not.
    static func round(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<UInt16>, count: Int) {
        for index in 0..<count {
            let bits = x[index].bitPattern
            // Not a number stays one: adding to its bits could carry it into infinity or zero.
            let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
            let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
            y[index] = UInt16(truncatingIfNeeded: (isNaN ? bits | 0x40_0000 : rounded) >> 16)
        }
    }
}
