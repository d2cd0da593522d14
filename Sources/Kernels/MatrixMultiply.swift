import COneDNN

/// A linear layer with its weight packed once: y (M, N) = activation(x (M, K) · Wᵀ + bias), in float32.
///
/// **A row's result is the same bits in any company.** *Why:* embeddings must not depend on batch-mates, or sharding
/// would change results. *In practice:* oneDNN's batch-reduce kernel (AVX-512) sums every row over k in one order,
/// whatever M and wherever the row stands; that was found for every M tried from 1 to 640, on one thread and on two.
/// Its kernel for AVX2 alone treats the last rows of a block otherwise (found on the same machine with its wider sets
/// turned off). So each layer is probed when it is made, and one that fails is computed by `PortableProduct`, where the
/// order is ours. *Otherwise:* results would differ with the number of workers, rarely and in the last digit.
///
/// May be used by several threads at once; each call computes on its own thread if `LibraryThreads` says so.
public final class MatrixMultiply: @unchecked Sendable {
    // Sendable because everything is immutable after init, but for oneDNN's table of primitives, which has a mutex.

    /// What is done to each result.
    public enum Activation: Sendable {
        /// Nothing.
        case none
        /// GELU by the error function, as BERT has it.
        case gelu
    }

    /// Who computes.
    public enum Backend: Sendable {
        /// oneDNN where it is fast and keeps the promise above, Swift vectors elsewhere.
        case automatic
        /// oneDNN, whatever it promises; for measurements.
        case oneDNN
        /// Swift vectors.
        case portable
    }

    /// Buffers have room for a multiple of this many rows: products are made for whole steps.
    public static let rowStep = 8
    /// K.
    public let inputs: Int
    /// N.
    public let outputs: Int
    /// Everything about the computation that may change the last digit, for a model's fingerprint.
    public let numerics: String

    private let activation: Activation
    private let product: OneDNNProduct?
    private let portable: PortableProduct?

    /// `weightNK` is (N, K) row-major, as checkpoints store it.
    ///
    /// Throws `unsupportedSize` unless N is a multiple of 16 and the arrays have N · K and N values, and `oneDNN`.
    /// Cost: one copy of the weight and a probe of 304 rows.
    public init(
        weightNK: [Float], bias: [Float], inputs: Int, outputs: Int, activation: Activation = .none,
        backend: Backend = .automatic
    ) throws(KernelError) {
        guard inputs > 0, outputs > 0, outputs % Tile.columns == 0 else {
            throw .unsupportedSize(kernel: "MatrixMultiply", what: "outputs", found: outputs, need: "a multiple of 16")
        }
        guard weightNK.count == inputs * outputs, bias.count == outputs else {
            throw .unsupportedSize(
                kernel: "MatrixMultiply", what: "weight or bias", found: weightNK.count,
                need: "\(outputs) × \(inputs) weights and as many biases as outputs")
        }
        self.inputs = inputs
        self.outputs = outputs
        self.activation = activation
        LibraryThreads.useOneInThisThread()
        var chosen: OneDNNProduct?
        if backend != .portable {
            let candidate = try OneDNNProduct(
                weightNK: weightNK, bias: bias, inputs: inputs, outputs: outputs, activation: activation)
            if backend == .oneDNN {
                chosen = candidate
            } else if candidate.implementation.hasPrefix("brg"), try Self.keepsRows(candidate, inputs, outputs) {
                chosen = candidate
            }
        }
        product = chosen
        if let chosen, let version = dnnl_version()?.pointee {
            portable = nil
            numerics = "f32/onednn-\(version.major).\(version.minor).\(version.patch)-\(chosen.implementation)"
        } else {
            portable = PortableProduct(weightNK: weightNK, bias: bias, inputs: inputs, outputs: outputs)
            numerics = "f32/portable"
        }
    }

    /// Computes the first `rows` rows. Both buffers need room for `rows` rounded up to `rowStep`; the rows that fill
    /// the step are computed too and mean nothing.
    public func apply(_ input: FloatBuffer, output: FloatBuffer, rows: Int) throws(KernelError) {
        guard rows > 0 else { return }
        let whole = Self.rowsRoundedUp(rows)
        let x = input.pointer(first: whole * inputs)
        let y = output.pointer(first: whole * outputs)
        if let product {
            try product.apply(x, y, rows: whole)
        } else if let portable {
            portable.apply(x, y, rows: rows)
            if activation == .gelu { Activations.gelu(output, count: rows * outputs) }
        }
    }

    /// Rows of room that `rows` rows need.
    public static func rowsRoundedUp(_ rows: Int) -> Int {
        (rows + rowStep - 1) / rowStep * rowStep
    }

    // Computes the same rows in four companies and compares bits.
    private static func keepsRows(_ product: OneDNNProduct, _ inputs: Int, _ outputs: Int) throws(KernelError) -> Bool {
        let rows = 192
        let input = FloatBuffer(count: rows * inputs)
        var state: UInt32 = 12345
        for index in 0..<input.count {
            state = state &* 1_664_525 &+ 1_013_904_223
            input.base[index] = Float(state >> 8) * 0x1p-23 - 1
        }
        let whole = FloatBuffer(count: rows * outputs)
        try product.apply(input.base, whole.base, rows: rows)
        let part = FloatBuffer(count: 64 * outputs)
        for (first, count) in [(0, 8), (13, 40), (100, 64)] {
            try product.apply(input.base + first * inputs, part.base, rows: count)
            for index in 0..<count * outputs
            where part.base[index].bitPattern != whole.base[first * outputs + index].bitPattern {
                return false
            }
        }
        return true
    }
}
