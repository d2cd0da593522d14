import Kernels

/// The factor L of a symmetric positive definite matrix, A = L·Lᵀ.
///
/// There are two. `Cholesky` came first, and its rounding is part of the answers of `gp/1` and `compact/1`; for all else
/// `SymmetricFactor` does the same in a third of the time.
protocol PositiveFactor {
    /// ln det A.
    var logDeterminant: Double { get }
    /// The diagonal of A⁻¹.
    var inverseDiagonal: [Double] { get }
    /// The w with L·w = v.
    func forward(_ v: [Double]) -> [Double]
    /// The x with Lᵀ·x = w.
    func backward(_ w: [Double]) -> [Double]
}

extension Cholesky: PositiveFactor {}
extension SymmetricFactor: PositiveFactor {}
