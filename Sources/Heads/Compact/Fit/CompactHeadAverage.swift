import Scoring

/// The end of step 5: all regressions of a context together, by their odds.
struct CompactHeadAverage {
    /// A setting or its twin each, those with odds.
    private(set) var members: [CompactHeadMember] = []
    /// C, by column of references.
    private(set) var coefficients = SIMD2<Double>.zero
    /// e, by context row.
    private(set) var leftOut: [Double]

    /// `odds` and `solutions` are by setting and by twin, the odds then by option.
    init(
        constants: CompactHeadConstants, linear: CompactHeadLinearisation, odds: [Double], options: Int,
        solutions: [CompactHeadSolution?]
    ) {
        leftOut = [Double](repeating: linear.level, count: linear.targets.count)
        let twins = odds.count / options / constants.settings.count
        for member in 0..<odds.count / options {
            let own = odds[member * options..<(member + 1) * options]
            let total = own.reduce(0, +)
            guard total > 0 else { continue }
            let solution = solutions[member]
            members.append(
                CompactHeadMember(
                    setting: constants.settings[member / twins], isTwin: member % twins > 0, odds: total,
                    weights: solution?.weights(own) ?? []))
            coefficients += solution?.coefficients(own) ?? .zero
            solution?.leftOut(linear.targets, odds: own, into: &leftOut)
        }
    }
}

/// One setting's solutions: those of its own residual and its twin's share a factor, and the solved reference columns.
struct CompactHeadParts {
    /// By twin, by option.
    let results: [[ColumnUpdate.Result]]
    private let whites: [[Double]]
    private let columns: ([Double], [Double])

    /// Solves half-way: L⁻¹r and L⁻¹Z.
    init(
        _ factor: any PositiveFactor, residuals: [[Double]], columns values: [SIMD2<Double>], options: [ColumnOption]
    ) {
        let whites = residuals.map { factor.forward($0) }
        let columns = (Self.solve(values.map(\.x), factor.forward), Self.solve(values.map(\.y), factor.forward))
        results = whites.map { white in
            let update = ColumnUpdate(white: white, columns: columns)
            return options.map { update.result($0) }
        }
        (self.whites, self.columns) = (whites, columns)
    }

    /// The other half, and the inverse's diagonal: by twin.
    func solutions(_ factor: any PositiveFactor) -> [CompactHeadSolution] {
        let (first, second) = (Self.solve(columns.0, factor.backward), Self.solve(columns.1, factor.backward))
        let solved = first.indices.map { SIMD2(first[$0], second[$0]) }
        let inverse = factor.inverseDiagonal
        return zip(whites, results).map { white, results in
            CompactHeadSolution(alpha: factor.backward(white), columns: solved, inverse: inverse, results: results)
        }
    }

    /// A column that is absent is 0 and needs no solution.
    private static func solve(_ column: [Double], _ solver: ([Double]) -> [Double]) -> [Double] {
        column.allSatisfy { $0 == 0 } ? column : solver(column)
    }
}
