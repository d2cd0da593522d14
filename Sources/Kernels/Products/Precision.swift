/// The numbers that a product multiplies. Results are always float32.
public enum Precision: String, Sendable, Hashable, CaseIterable {
    /// Weights and inputs unchanged, in float32.
    case float32
    /// Weights and inputs rounded to bfloat16 (eight significant bits, to the nearest, ties to even); sums in float32.
    case bfloat16
    /// Weights in 8 bits with a scale for each output, inputs in 8 bits with a scale for each row; sums exact.
    case int8

    /// Bytes of one number.
    public var bytes: Int {
        switch self {
        case .float32: 4
        case .bfloat16: 2
        case .int8: 1
        }
    }
}
