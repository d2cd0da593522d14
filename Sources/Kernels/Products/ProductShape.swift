/// What decides how a product is computed: its sizes, its precision and what is done to its results.
public struct ProductShape: Hashable, Sendable {
    /// K.
    public let inputs: Int
    /// N.
    public let outputs: Int
    /// In which numbers it multiplies.
    public let precision: Precision
    /// Whether a bias is added to each row.
    public let hasBias: Bool
    /// What is done to each result.
    public let activation: MatrixMultiply.Activation

    /// Collects them.
    public init(
        inputs: Int, outputs: Int, precision: Precision = .float32, hasBias: Bool = false,
        activation: MatrixMultiply.Activation = .none
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.precision = precision
        self.hasBias = hasBias
        self.activation = activation
    }
}
