/// A linear layer with its weight packed once: y (M, N) = activation(x (M, K) · Wᵀ + bias).
///
/// A row's result has the same bits, whatever rows are computed with it; see `ProductPlan`.
///
/// Several threads may use it at once; each call computes on its own thread if `LibraryThreads` is set so.
public final class MatrixMultiply: Sendable {
    /// The function that is applied to each result.
    public enum Activation: Sendable {
        /// None.
        case none
        /// GELU by the error function, as in BERT.
        case gelu
    }

    /// The implementation.
    public enum Backend: Sendable, Hashable {
        /// oneDNN if it is fast and its results do not depend on other rows; otherwise Swift vectors.
        case automatic
        /// oneDNN in any case; for measurements.
        case oneDNN
        /// Swift vectors.
        case portable
    }

    /// Buffers have memory for a multiple of this many rows: products are made for whole steps.
    public static let rowStep = 8
    /// Sizes, precision, layout; shared by all layers of this shape.
    public let plan: ProductPlan
    /// The packed weight, for a file that other processes map.
    public let packed: PackedBytes
    private let bias: PackedBytes?

    /// `weightNK` is (N, K) row-major, as checkpoints store it; without a bias nothing is added.
    ///
    /// Throws `unsupportedSize` unless N is a multiple of 16 and the arrays have N · K and N values, and `oneDNN`.
    /// Cost: one copy of the weight, and a probe of 304 rows for the process's first layer of this shape.
    public convenience init(
        weightNK: [Float], bias: [Float]? = nil, inputs: Int, outputs: Int, activation: Activation = .none,
        precision: Precision = .float32, backend: Backend = .automatic
    ) throws(KernelError) {
        let shape = ProductShape(
            inputs: inputs, outputs: outputs, precision: precision, hasBias: bias != nil, activation: activation)
        let plan = try ProductPlan.plan(for: shape, backend: backend)
        try self.init(plan: plan, packed: try plan.pack(weightNK), bias: bias)
    }

    /// A layer whose weight was packed before, by this process or another with a plan of equal `layout`.
    ///
    /// Throws `unsupportedSize` if the bytes or the bias do not have the size of the plan. Cost: none.
    public init(plan: ProductPlan, packed: PackedBytes, bias: [Float]? = nil) throws(KernelError) {
        guard packed.count == plan.packedBytes else {
            throw .unsupportedSize(
                kernel: "MatrixMultiply", what: "packed weight", found: packed.count, need: "\(plan.packedBytes) bytes")
        }
        guard bias?.count == (plan.shape.hasBias ? plan.shape.outputs : nil) else {
            throw .unsupportedSize(
                kernel: "MatrixMultiply", what: "bias", found: bias?.count ?? 0,
                need: plan.shape.hasBias ? "\(plan.shape.outputs) as outputs" : "none")
        }
        self.plan = plan
        self.packed = packed
        self.bias = bias.map { PackedBytes($0) }
    }

    /// K.
    public var inputs: Int { plan.shape.inputs }
    /// N.
    public var outputs: Int { plan.shape.outputs }
    /// Everything about the computation that may change the last digit, for a model's fingerprint.
    public var numerics: String { plan.numerics }

    /// Computes the first `rows` rows. Both buffers need memory for `rows` rounded up to `rowStep`; the rows that fill
    /// the step are computed too and have no meaning.
    ///
    /// Except in float32, the rows are rounded into a copy first; a `QuantizedActivations` that several products share
    /// saves the copies.
    public func apply(_ input: FloatBuffer, output: FloatBuffer, rows: Int) throws(KernelError) {
        guard rows > 0 else { return }
        let whole = Self.rowsRoundedUp(rows)
        let read = QuantizedActivations(reading: input, rows: whole, width: inputs, precision: plan.shape.precision)
        read.take(0..<whole, of: input)
        try apply(read, output: output, rows: 0..<rows)
    }

    /// Computes a range of rows, as above, into the same rows of `output` or those from `outputRow`.
    ///
    /// Threads may compute different ranges of one input at once. Precondition: the input has the product's precision,
    /// and the range starts at a multiple of `rowStep`.
    public func apply(
        _ input: QuantizedActivations, output: FloatBuffer, rows: Range<Int>, outputRow: Int? = nil
    ) throws(KernelError) {
        guard !rows.isEmpty else { return }
        precondition(
            input.precision == plan.shape.precision && rows.lowerBound % Self.rowStep == 0,
            "MatrixMultiply: rows \(rows) in \(input.precision) for a product in \(plan.shape.precision)")
        let whole = Self.rowsRoundedUp(rows.count)
        let target = outputRow ?? rows.lowerBound
        let x = ProductRows(
            base: input.raw(rows.lowerBound * inputs..<(rows.lowerBound + whole) * inputs),
            scales: input.scales(fromRow: rows.lowerBound))
        let y = output.pointer(target * outputs..<(target + whole) * outputs)
        try plan.apply(x, y, rows: rows.count, weight: packed, bias: bias)
    }

    /// Rows of memory that `rows` rows need.
    public static func rowsRoundedUp(_ rows: Int) -> Int {
        (rows + rowStep - 1) / rowStep * rowStep
    }
}
