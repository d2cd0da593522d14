import Scoring

/// One covariate of prompts as a kernel between a context's rows and any prompt. What is missing contributes 0.
///
/// HEAD.md in `scripts/train`, section "Covariates", has the formulas; `scripts/head/covariates.py` is the slow version.
protocol CovariateKernel: Sendable {
    /// C(prompt, row) for each row of the context.
    func covariances(_ prompt: SideInformation) -> [Double]
}

extension CovariateKernel {
    /// Adds `amplitude · C` to the lower triangle of the leading `count` rows, row-major with that stride.
    func add(_ amplitude: Double, of rows: [SideInformation], count: Int, to matrix: inout [Double]) {
        guard amplitude > 0 else { return }
        for row in 0..<count {
            let values = covariances(rows[row])
            for column in 0...row { matrix[row * count + column] += amplitude * values[column] }
        }
    }
}

/// A number, standardised within the context: a linear kernel.
struct NumberCovariate: CovariateKernel {
    private let index: Int
    private let mean: Double
    /// 1 / standard deviation; 0 where all values are equal.
    private let scale: Double
    /// By row.
    private let values: [Double]

    private static let limit = 4.0
    private static let deviationMin = 1e-9

    /// The number at an index of `SideInformation.numbers`.
    init(_ index: Int, rows: [SideInformation]) {
        let known = rows.compactMap { Self.value($0, index) }
        let mean = known.reduce(0, +) / Double(max(known.count, 1))
        let variance = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(known.count, 1))
        let deviation = variance.squareRoot()
        let scale = deviation > Self.deviationMin * max(1, abs(mean)) ? 1 / deviation : 0
        (self.index, self.mean, self.scale) = (index, mean, scale)
        values = rows.map { Self.standardised(Self.value($0, index), mean, scale) }
    }

    func covariances(_ prompt: SideInformation) -> [Double] {
        let own = Self.standardised(Self.value(prompt, index), mean, scale)
        return values.map { own * $0 }
    }

    private static func value(_ prompt: SideInformation, _ index: Int) -> Double? {
        guard prompt.numbers.indices.contains(index), prompt.numbers[index].isFinite else { return nil }
        return Double(prompt.numbers[index])
    }

    private static func standardised(_ value: Double?, _ mean: Double, _ scale: Double) -> Double {
        value.map { min(limit, max(-limit, ($0 - mean) * scale)) } ?? 0
    }
}

/// A category: 1 between prompts of the same one.
struct CategoryCovariate: CovariateKernel {
    private let index: Int
    /// By row; 0 where unknown.
    private let codes: [UInt32]

    /// The category at an index of `SideInformation.categories`.
    init(_ index: Int, rows: [SideInformation]) {
        self.index = index
        codes = rows.map { Self.code($0, index) }
    }

    func covariances(_ prompt: SideInformation) -> [Double] {
        let own = Self.code(prompt, index)
        return codes.map { own != 0 && own == $0 ? 1 : 0 }
    }

    private static func code(_ prompt: SideInformation, _ index: Int) -> UInt32 {
        prompt.categories.indices.contains(index) ? prompt.categories[index] : 0
    }
}
