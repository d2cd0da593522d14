/// Sizes of an array, outermost axis first.
///
/// The letters of this package's kernels: `B` sequences in a batch, `T` tokens (rows) of all sequences together,
/// `C` channels of the hidden state, `H` heads, `D` channels of a head (C = H · D), `M × K × N` a matrix product of
/// M rows. A name's last letters are its axes: `hiddenTC` is row-major, T rows of C floats.
public struct Shape: Hashable, Sendable, CustomStringConvertible {
    /// Sizes by axis, outermost first; empty for a scalar.
    public let sizes: [Int]

    /// Lists the sizes.
    public init(_ sizes: [Int]) {
        self.sizes = sizes
    }

    /// Lists the sizes.
    public init(_ sizes: Int...) {
        self.sizes = sizes
    }

    /// Product of the sizes; `nil` for a negative size or an overflow, which a damaged file may contain.
    public var elementCount: Int? {
        var product = 1
        for size in sizes {
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow else { return nil }
            product = next
        }
        return product
    }

    /// Sizes in parentheses, as Python writes them.
    public var description: String { "(" + sizes.map(String.init).joined(separator: ", ") + ")" }
}
