import Foundation

/// One way to believe the reference columns: variances of their weights, the weights' prior means, and a prior.
struct ColumnOption: Sendable {
    /// v, by column; 0 where a column is absent.
    let variances: SIMD2<Double>
    /// m, by column: what a unit of the column counts for before the context is seen.
    let slopes: SIMD2<Double>
    /// ln π.
    let logPrior: Double

    /// One column's variance, slope and prior.
    struct Single: Sendable, Equatable {
        let variance: Double
        let slope: Double
        let prior: Double
    }

    /// What the Gaussian process tries, slopes in standard deviations of the context's rewards: chosen on training
    /// policies (HEAD.md in `scripts/train`, section "References").
    static let untrained = [
        Single(variance: 0, slope: 0, prior: 0.4), Single(variance: 0.3, slope: 0, prior: 0.1),
        Single(variance: 1, slope: 0, prior: 0.1), Single(variance: 3, slope: 0, prior: 0.1),
        Single(variance: 10, slope: 0, prior: 0.1), Single(variance: 0.1, slope: 0.35, prior: 0.1),
        Single(variance: 0.5, slope: 0.35, prior: 0.1),
    ]

    /// All pairs of the columns that are there, priors multiplied; a single option without columns.
    ///
    /// `nulls` are the priors of the table's first option, by column: of one that is not there, `nil`. The others share the
    /// rest as the table says.
    static func all(_ table: [Single], nulls: [Double?], slopeUnit: Double = 1) -> [ColumnOption] {
        let columns = nulls.map { null in
            null.map { weighted(table, null: $0) } ?? [Single(variance: 0, slope: 0, prior: 1)]
        }
        guard columns.count == 2 else { return [] }
        return columns[0].flatMap { first in
            columns[1].map { second in
                ColumnOption(
                    variances: SIMD2(first.variance, second.variance),
                    slopes: slopeUnit * SIMD2(first.slope, second.slope),
                    logPrior: log(first.prior) + log(second.prior))
            }
        }
    }

    private static func weighted(_ table: [Single], null: Double) -> [Single] {
        let rest = table.dropFirst().reduce(0) { $0 + $1.prior }
        return table.enumerated().map { index, option in
            let prior = index == 0 ? null : option.prior * (1 - null) / rest
            return Single(variance: option.variance, slope: option.slope, prior: prior)
        }
    }
}
