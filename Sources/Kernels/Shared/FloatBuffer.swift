/// Floats that start on a 64-byte boundary, where vector loads and oneDNN are fastest. Zero at first.
///
/// A buffer belongs to one thread at a time. Kernels check the ranges they are given, so that safe code above them
/// cannot read or write outside.
public final class FloatBuffer {
    /// Number of floats.
    public let count: Int

    /// For kernels only; valid as long as the buffer lives.
    package let base: UnsafeMutablePointer<Float>
    private let bytes: UnsafeMutableRawBufferPointer

    /// Allocates `count` zeros.
    public init(count: Int) {
        precondition(count >= 0, "FloatBuffer: \(count) floats")
        self.count = count
        bytes = .allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        base = bytes.bindMemory(to: Float.self).baseAddress.unsafelyUnwrapped
        base.initialize(repeating: 0, count: count)
    }

    /// A copy of an array.
    public convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (index, value) in values.enumerated() { base[index] = value }
    }

    deinit {
        bytes.deallocate()
    }

    /// One float. Precondition: `index` is within the buffer.
    public subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "FloatBuffer: index \(index) of \(count)")
            return base[index]
        }
        set {
            precondition(index >= 0 && index < count, "FloatBuffer: index \(index) of \(count)")
            base[index] = newValue
        }
    }

    /// A copy of a range. Precondition: the range is within the buffer.
    public func copy(_ range: Range<Int>) -> [Float] {
        Array(UnsafeBufferPointer(start: pointer(range), count: range.count))
    }

    /// Reads as many floats as `vectors` has lanes. Precondition: they are within the buffer.
    package func read(from start: Int, into vectors: inout [SIMD8<Float>]) {
        let source = pointer(start..<start + vectors.count * SIMD8<Float>.scalarCount)
        vectors.withUnsafeMutableBytes { target in
            target.copyMemory(from: UnsafeRawBufferPointer(start: source, count: target.count))
        }
    }

    /// Writes the lanes of vectors. Precondition: they fit into the buffer.
    package func write(_ vectors: ArraySlice<SIMD8<Float>>, at start: Int) {
        let target = pointer(start..<start + vectors.count * SIMD8<Float>.scalarCount)
        vectors.withUnsafeBytes { source in
            UnsafeMutableRawBufferPointer(start: target, count: source.count).copyMemory(from: source)
        }
    }

    /// Whether every float of a range is a number. Precondition: the range is within the buffer.
    public func isFinite(_ range: Range<Int>) -> Bool {
        let x = pointer(range)
        // Without an early exit, the compiler vectorises the loop.
        var worst: UInt32 = 0
        for index in 0..<range.count { worst = max(worst, x[index].bitPattern & 0x7FFF_FFFF) }
        return worst < 0x7F80_0000
    }

    /// Start of a range, checked to be within the buffer: the one check that every kernel makes.
    package func pointer(_ range: Range<Int>) -> UnsafeMutablePointer<Float> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "FloatBuffer: \(range) of \(count)")
        return base + range.lowerBound
    }

    /// Start of the first `count` floats, checked to be within the buffer.
    package func pointer(first count: Int) -> UnsafeMutablePointer<Float> {
        pointer(0..<count)
    }
}
