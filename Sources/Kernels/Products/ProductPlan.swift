import COneDNN
import Synchronization

/// How products of one shape are computed on this processor: the implementation, and the layout of packed weights.
///
/// Plans are made once a process and shape, and shared by all layers of that shape. Two processes whose plans have
/// equal `layout` may share packed bytes.
///
/// **A row's result has the same bits, whatever rows are computed with it.** *Why:* embeddings must not depend on the
/// other texts of a batch, or sharding would change results. *In practice:* oneDNN's batch-reduce kernel (AVX-512) sums
/// every row over k in one order, whatever M is and wherever the row is; this was true for every M tried from 1 to 640,
/// on one thread and on two. In bfloat16 too: in Qwen3-0.6B's four shapes, both precisions, every step of M up to 256
/// gave the bits of M = 512. In 8 bits sums are exact, whatever their order.
/// Its kernel for AVX2 alone treats the last rows of a block differently (found on the same machine with its wider sets
/// turned off). So each plan is probed when it is made, and a shape that fails is computed by `PortableProduct`, where
/// this package decides the order. *Otherwise:* results would differ with the number of workers, rarely and in the last
/// digit.
public final class ProductPlan: Sendable {
    /// Sizes, precision, activation.
    public let shape: ProductShape
    /// Everything about the computation that may change the last digit, for a model's fingerprint.
    ///
    /// Starts with `f32/`, `bf16/` or `s8/`; `bf16-in-f32/` or `s8-in-f32/` where this processor has no instructions
    /// for such numbers, so that rounded numbers are multiplied as floats: the same rounding, no gain in speed or
    /// memory.
    public let numerics: String
    /// Name of the packed layout, instruction set and library included; equal names mean interchangeable bytes.
    public let layout: String
    /// Bytes of one packed weight.
    public let packedBytes: Int

    private let library: OneDNNProduct?

    private struct Key: Hashable {
        let shape: ProductShape
        let backend: MatrixMultiply.Backend
    }
    private static let made = Mutex<[Key: ProductPlan]>([:])

    /// The process's plan for a shape, made and probed at the first call.
    ///
    /// Throws `unsupportedSize` unless N is a multiple of 16, and `oneDNN`. Cost at the first call: packing a made-up
    /// weight and multiplying 304 rows by it.
    public static func plan(
        for shape: ProductShape, backend: MatrixMultiply.Backend = .automatic
    ) throws(KernelError) -> ProductPlan {
        let key = Key(shape: shape, backend: backend)
        if let known = made.withLock({ $0[key] }) { return known }
        let new = try ProductPlan(shape, backend)
        // Two threads may have made it at the same time; the first one is kept.
        return made.withLock { plans in
            if let known = plans[key] { return known }
            plans[key] = new
            return new
        }
    }

    private init(_ shape: ProductShape, _ backend: MatrixMultiply.Backend) throws(KernelError) {
        guard shape.inputs > 0, shape.outputs > 0, shape.outputs % Tile.columns == 0 else {
            throw .unsupportedSize(
                kernel: "MatrixMultiply", what: "outputs", found: shape.outputs, need: "a multiple of 16")
        }
        LibraryThreads.useOneInThisThread()
        var chosen: OneDNNProduct?
        switch backend {
        case .portable: break
        case .oneDNN: chosen = try OneDNNProduct(shape)
        case .automatic: chosen = try Self.libraryThatKeepsRows(shape)
        }
        self.shape = shape
        library = chosen
        let name =
            switch shape.precision {
            case .float32: "f32"
            case .bfloat16: "bf16"
            case .int8: "s8"
            }
        if let chosen, let version = dnnl_version()?.pointee {
            numerics = "\(name)/onednn-\(version.major).\(version.minor).\(version.patch)-\(chosen.implementation)"
            layout = "\(numerics) \(chosen.layout)"
            packedBytes = chosen.packedBytes
        } else {
            numerics = shape.precision == .float32 ? "f32/portable" : "\(name)-in-f32/portable"
            layout = "\(numerics) \(shape.inputs)x\(shape.outputs) panels-\(Tile.columns)"
            packedBytes = PortableProduct.packedBytes(shape)
        }
    }

    /// Packs a weight, (N, K) row-major as checkpoints store it. Throws `unsupportedSize` unless it has N · K values.
    public func pack(_ weightNK: [Float]) throws(KernelError) -> PackedBytes {
        guard weightNK.count == shape.inputs * shape.outputs else {
            throw .unsupportedSize(
                kernel: "MatrixMultiply", what: "weight", found: weightNK.count,
                need: "\(shape.outputs) × \(shape.inputs) values")
        }
        if let library { return try library.pack(weightNK) }
        return PortableProduct.pack(weightNK, shape)
    }

    /// y (rows, N) = activation(x (rows, K) · W + bias); both have memory for `rows` rounded up to the step.
    func apply(
        _ x: ProductRows, _ y: UnsafeMutablePointer<Float>, rows: Int, weight: PackedBytes, bias: PackedBytes?
    ) throws(KernelError) {
        if let library {
            let whole = MatrixMultiply.rowsRoundedUp(rows)
            try library.apply(x, y, rows: whole, weight: weight, bias: bias)
        } else {
            PortableProduct.apply(x, y, rows: rows, shape, weight: weight, bias: bias)
        }
    }

    /// Processor seconds of one product of `rows` rows in oneDNN alone, with nothing created between products: the best
    /// of `rounds`. `nil` where oneDNN does not compute this shape.
    package func librarySeconds(rows: Int, rounds: Int) throws(KernelError) -> Double? {
        guard let library else { return nil }
        LibraryThreads.useOneInThisThread()
        var random = ProbeNumbers()
        let weight = try pack(random.floats(shape.inputs * shape.outputs))
        let bias = shape.hasBias ? PackedBytes(random.floats(shape.outputs)) : nil
        let input = QuantizedActivations(rows: rows, width: shape.inputs, precision: shape.precision)
        input.fill(from: FloatBuffer(random.floats(input.count)), count: input.count)
        let x = ProductRows(base: input.raw(0..<input.count), scales: nil)
        let output = FloatBuffer(count: rows * shape.outputs)
        var best = Double.infinity
        // The first round makes the primitive.
        for round in 0...rounds {
            let start = ProcessorTime.ofThisThread
            try library.multiply(x, output.base, rows: rows, weight: weight, bias: bias, times: Self.timesARound)
            if round > 0 { best = min(best, (ProcessorTime.ofThisThread - start) / Double(Self.timesARound)) }
        }
        return best
    }

    private static let timesARound = 8

    private static func libraryThatKeepsRows(_ shape: ProductShape) throws(KernelError) -> OneDNNProduct? {
        let candidate: OneDNNProduct
        do {
            candidate = try OneDNNProduct(shape)
        } catch .oneDNN(_, let status) where status == Int(dnnl_unimplemented.rawValue) {
            // oneDNN returns this status for bfloat16 on AVX2.
            return nil
        }
        // Its other kernels are slower than `PortableProduct` (such as bfloat16 without instructions for it) or mix
        // rows.
        guard candidate.implementation.hasPrefix("brg") else { return nil }
        // Without VNNI (or AMX), partial sums of 8-bit products have 16 bits and may saturate.
        if shape.precision == .int8, !["vnni", "amx"].contains(where: candidate.implementation.contains) { return nil }
        return try keepsRows(candidate, shape) ? candidate : nil
    }

    // Computes the same rows together with four sets of other rows, and compares bits. The numbers do not matter, the
    // generated code does.
    private static func keepsRows(_ product: OneDNNProduct, _ shape: ProductShape) throws(KernelError) -> Bool {
        let rows = 192
        var random = ProbeNumbers()
        let weight = try product.pack(random.floats(shape.inputs * shape.outputs))
        let bias = shape.hasBias ? PackedBytes(random.floats(shape.outputs)) : nil
        let input = QuantizedActivations(rows: rows, width: shape.inputs, precision: shape.precision)
        input.fill(from: FloatBuffer(random.floats(input.count)), count: input.count)
        let whole = FloatBuffer(count: rows * shape.outputs)
        func x(from row: Int) -> ProductRows {
            ProductRows(base: input.raw(row * shape.inputs..<input.count), scales: input.scales(fromRow: row))
        }
        try product.apply(x(from: 0), whole.base, rows: rows, weight: weight, bias: bias)
        let part = FloatBuffer(count: 64 * shape.outputs)
        for (first, count) in [(0, 8), (13, 40), (100, 64)] {
            try product.apply(x(from: first), part.base, rows: count, weight: weight, bias: bias)
            for index in 0..<count * shape.outputs
            where part.base[index].bitPattern != whole.base[first * shape.outputs + index].bitPattern {
                return false
            }
        }
        return true
    }
}

/// Where rows of a product's input start, and in 8 bits their scales.
struct ProductRows {
    let base: UnsafeMutableRawPointer
    let scales: UnsafeMutablePointer<Float>?
}

/// Numbers in [-1, 1) for the probe.
private struct ProbeNumbers {
    private var state: UInt32 = 12345

    mutating func floats(_ count: Int) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        for index in 0..<count {
            state = state &* 1_664_525 &+ 1_013_904_223
            values[index] = Float(state >> 8) * 0x1p-23 - 1
        }
        return values
    }
}
