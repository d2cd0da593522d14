/// Everything that decides how a product is computed: sizes, precision, bias and activation.
public struct ProductShape: Hashable, Sendable {
    /// K.
    public let inputs: Int
    /// N.
    public let outputs: Int
    /// The numbers that are multiplied.
    public let precision: Precision
    /// True if a bias is added to each row.
    public let hasBias: Bool
    /// The function that is applied to each result.
    public let activation: MatrixMultiply.Activation

    /// Describes a product.
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
