import WideKernels

/// Rows for products to read, in their precision: an input of several products is rounded only once.
///
/// Kernels write into it (`RMSNorm`, `SwiGLU`, `CausalAttention`), products read from it. Threads may
/// write different rows at once.
public final class QuantizedActivations {
    /// The numbers in which the rows are stored.
    public let precision: Precision
    /// Numbers that fit.
    public let count: Int
    /// Numbers of a row. In 8 bits only whole rows are rounded; in other precisions rows may have any width.
    public let width: Int
    private let storage: FloatBuffer
    // Of each row, in 8 bits.
    private let rowScales: FloatBuffer?

    /// Memory for `rows` rows of `width` numbers, zero at first.
    public convenience init(rows: Int, width: Int, precision: Precision) {
        let count = rows * width
        self.init(
            storage: FloatBuffer(count: (count * precision.bytes + 3) / 4), rows: rows, width: width,
            precision: precision)
    }

    /// What products read of the rows of a buffer: in float32 the buffer itself, otherwise memory for a rounded copy,
    /// which `take` makes. Precondition: the buffer has the rows.
    public convenience init(reading floats: FloatBuffer, rows: Int, width: Int, precision: Precision) {
        if precision == .float32 {
            precondition(rows * width <= floats.count, "QuantizedActivations: \(rows) × \(width) of \(floats.count)")
            self.init(storage: floats, rows: rows, width: width, precision: precision)
        } else {
            self.init(rows: rows, width: width, precision: precision)
        }
    }

    private init(storage: FloatBuffer, rows: Int, width: Int, precision: Precision) {
        self.storage = storage
        self.precision = precision
        self.width = width
        count = rows * width
        rowScales = precision == .int8 ? FloatBuffer(count: rows) : nil
    }

    /// Rounds `count` floats from the start of `source` into the start of this. Precondition: both have them.
    public func fill(from source: FloatBuffer, count: Int) {
        store(source.pointer(first: count), at: 0, count: count)
    }

    /// Rounds rows of `source` into the same rows of this; does nothing where both are the same memory.
    ///
    /// Precondition: both have the rows.
    public func take(_ rows: Range<Int>, of source: FloatBuffer) {
        guard source !== storage else { return }
        let range = rows.lowerBound * width..<rows.upperBound * width
        store(source.pointer(range), at: range.lowerBound, count: range.count)
    }

    /// A copy of a range, widened to floats. Precondition: in 8 bits, whole rows.
    public func copy(_ range: Range<Int>) -> [Float] {
        switch precision {
        case .float32:
            return Array(UnsafeBufferPointer(start: floats(range), count: range.count))
        case .bfloat16:
            let x = halves(range)
            return (0..<range.count).map { Float(bitPattern: UInt32(x[$0]) << 16) }
        case .int8:
            let (x, scales) = (eights(range), scales(fromRow: range.lowerBound / width))
            return (0..<range.count).map { Float(x[$0]) * (scales?[$0 / width] ?? 1) }
        }
    }

    /// The memory of a range, in each precision.
    func raw(_ range: Range<Int>) -> UnsafeMutableRawPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "QuantizedActivations: \(range) of \(count)")
        return UnsafeMutableRawPointer(storage.base) + range.lowerBound * precision.bytes
    }

    /// Scales of rows from one on; only in 8 bits. Precondition: there is such a row.
    func scales(fromRow row: Int) -> UnsafeMutablePointer<Float>? {
        rowScales.map { $0.pointer(row..<$0.count) }
    }

    private func floats(_ range: Range<Int>) -> UnsafeMutablePointer<Float> {
        precondition(precision == .float32, "QuantizedActivations: floats of \(precision)")
        return raw(range).assumingMemoryBound(to: Float.self)
    }

    private func halves(_ range: Range<Int>) -> UnsafeMutablePointer<UInt16> {
        precondition(precision == .bfloat16, "QuantizedActivations: bfloat16 of \(precision)")
        return raw(range).assumingMemoryBound(to: UInt16.self)
    }

    private func eights(_ range: Range<Int>) -> UnsafeMutablePointer<Int8> {
        precondition(
            precision == .int8 && range.lowerBound % width == 0 && range.count % width == 0,
            "QuantizedActivations: 8 bits of \(range) in \(precision), rows of \(width)")
        return raw(range).assumingMemoryBound(to: Int8.self)
    }

    /// Writes `count` floats from `x` at `index`, rounded if need be. Precondition: in 8 bits, whole rows.
    @inline(__always)
    func store(_ x: UnsafePointer<Float>, at index: Int, count: Int) {
        let range = index..<index + count
        switch precision {
        case .float32: floats(range).update(from: x, count: count)
        case .bfloat16: Self.round(x, halves(range), count: count)
        case .int8:
            let (y, scales) = (eights(range), scales(fromRow: index / width))
            for row in 0..<count / width {
                scales?[row] = Int8Quantization.round(x + row * width, y + row * width, count: width)
            }
        }
    }

    /// Calls `body` to compute each of `rows` rows of `width` floats, in place or in a buffer that is then rounded.
    @inline(__always)
    func writeRows(_ rows: Range<Int>, width: Int, _ body: (Int, UnsafeMutablePointer<Float>) -> Void) {
        guard precision != .float32 else {
            let y = floats(rows.lowerBound * width..<rows.upperBound * width)
            for row in rows { body(row, y + (row - rows.lowerBound) * width) }
            return
        }
        precondition(
            precision != .int8 || width == self.width, "QuantizedActivations: rows of \(width), not \(self.width)")
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { line in
            guard let line = line.baseAddress else { return }
            for row in rows {
                body(row, line)
                store(line, at: row * width, count: width)
            }
        }
    }

    /// The bfloat16 nearest to a float, as a float.
    static func rounded(_ x: Float) -> Float {
        var half: UInt16 = 0
        withUnsafePointer(to: x) { round($0, &half, count: 1) }
        return Float(bitPattern: UInt32(half) << 16)
    }

    private static func round(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<UInt16>, count: Int) {
        if Vectors.areWide {
            WideKernels.VectorLoops.roundHalves(x, y, count: count)
        } else {
            VectorLoops.roundHalves(x, y, count: count)
        }
    }
}
