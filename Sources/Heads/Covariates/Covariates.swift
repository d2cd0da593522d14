import Foundation
import Scoring

/// The covariates of a context's rows, with the amplitude that evidence gives each: near 0 for useless ones.
struct Covariates: Sendable {
    /// By field: what its kernel is multiplied by.
    let amplitudes: [Double]
    private let fields: [any CovariateKernel]
    private let rows: [SideInformation]

    /// Amplitudes that are tried, with their priors.
    private static let choices = [(0.0, 0.7), (0.1, 0.1), (0.5, 0.1), (2.0, 0.1)]
    /// Rows on which they are tried.
    static let evidenceRows = 512
    /// Variance of the reference columns meanwhile.
    private static let columnVariance = 0.3
    private static let doubt = 3.0

    /// Numbers, then categories, then vectors; `nil` where there are no rows or no covariates.
    ///
    /// `columns` are those of references. `evidence` gives the log evidence of the leading rows with a matrix added to their
    /// covariance: `(n, n)`, row-major, lower triangle, and n. One field is tried after the other, with those before it at
    /// theirs. Cost: four times `evidence` a field.
    ///
    /// An amplitude is the mean over choices, times the cube of the odds against the first of them, which is 0. With few
    /// rows evidence says nearly nothing and the mean is the prior's: a useless field then cost .02 of AUC at 32 rows. The
    /// cube makes that .003.
    init?(
        _ context: ContextSet, columns: [SIMD2<Double>],
        evidence: (_ added: [Double], _ rows: Int) -> Double
    ) {
        let rows = context.rows.map(\.side)
        let fields = Self.fields(context.schema, rows: rows)
        guard !fields.isEmpty, !rows.isEmpty else { return nil }
        let count = min(rows.count, Self.evidenceRows)
        var added = [Double](repeating: 0, count: count * count)
        for row in 0..<(columns.isEmpty ? 0 : count) {
            for other in 0...row {
                added[row * count + other] = Self.columnVariance * (columns[row] * columns[other]).sum()
            }
        }
        let leading = Array(rows.prefix(count))
        amplitudes = fields.map { field in
            let scores = Self.choices.map { amplitude, prior in
                var tried = added
                field.add(amplitude, of: leading, count: count, to: &tried)
                return evidence(tried, count) + log(prior)
            }
            let odds = EvidenceOdds.of(scores, least: 0) ?? Self.choices.map(\.1)
            let mean = zip(odds, Self.choices).reduce(0) { $0 + $1.0 * $1.1.0 }
            let amplitude = mean * pow(1 - odds[0], Self.doubt)
            field.add(amplitude, of: leading, count: count, to: &added)
            return amplitude
        }
        self.fields = fields
        self.rows = rows
    }

    private static func fields(_ schema: SideSchema, rows: [SideInformation]) -> [any CovariateKernel] {
        var fields: [any CovariateKernel] = schema.numbers.indices.map { NumberCovariate($0, rows: rows) }
        fields += schema.categories.indices.map { CategoryCovariate($0, rows: rows) }
        var start = 0
        for vector in schema.vectors where vector.columns > 0 {
            fields.append(VectorCovariate(start..<start + vector.columns, rows: rows))
            start += vector.columns
        }
        return fields
    }

    /// Σ amplitude · C between the leading rows, `(count, count)`, row-major, lower triangle.
    func matrix(count: Int) -> [Double] {
        var matrix = [Double](repeating: 0, count: count * count)
        for (field, amplitude) in zip(fields, amplitudes) {
            field.add(amplitude, of: rows, count: count, to: &matrix)
        }
        return matrix
    }

    /// Σ amplitude · Σ_i α_i C(prompt, row i).
    func value(_ prompt: SideInformation, alpha: [Double]) -> Double {
        zip(fields, amplitudes).reduce(0) { sum, field in
            guard field.1 > 0 else { return sum }
            let covariances = field.0.covariances(prompt)
            return sum + field.1 * zip(covariances, alpha).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }
}
