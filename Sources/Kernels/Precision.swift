/// In which numbers a product multiplies. Sums and results are float32 always.
public enum Precision: String, Sendable, Hashable, CaseIterable {
    /// Weights and inputs as they are.
    case float32
    /// Weights and inputs rounded to bfloat16 (eight significant bits, to the nearest, ties to even).
    case bfloat16

    /// Bytes of one number.
    public var bytes: Int { self == .float32 ? 4 : 2 }
}
