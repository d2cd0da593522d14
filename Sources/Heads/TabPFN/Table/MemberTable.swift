package import Scoring

/// A member's table: standardised features and the fingerprint, in the member's order of columns. Row-major.
package struct MemberTable: Sendable {
    /// Rows.
    package let rows: Int
    /// Columns, the fingerprint's included.
    package let columns: Int
    /// `(rows, columns)`.
    package let values: [Float]

    /// Precondition: there are `rows · columns` values.
    package init(rows: Int, columns: Int, values: [Float]) {
        precondition(values.count == rows * columns, "MemberTable: \(values.count) values, \(rows) × \(columns)")
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// Whose rows a table is made of: the two are salted differently.
    package enum Role { case context, queries }

    /// Appends member `index`'s fingerprints to standardised features and orders the columns.
    package init(
        _ features: FeatureMatrix, role: Role, plan: EnsemblePlan, member index: Int, fingerprints: RowHashMode
    ) throws(TabPFNError) {
        let member = plan.members[index]
        let column: [Float]
        switch fingerprints {
        case .constant:
            column = [Float](repeating: RowHashMode.constantValue, count: features.rows)
        case .injected(let columns):
            guard columns.count == plan.members.count else {
                throw .count(what: "injected columns", expected: plan.members.count, found: columns.count)
            }
            column = columns[index]
            guard column.count == features.rows else {
                throw .count(what: "injected fingerprints", expected: features.rows, found: column.count)
            }
        case .reference:
            column =
                switch role {
                case .context:
                    FingerprintColumn.context(features.values, columns: features.columns, salt: member.salt)
                case .queries:
                    FingerprintColumn.queries(features.values, columns: features.columns, salt: member.salt)
                }
        }
        var values: [Float] = []
        values.reserveCapacity(features.rows * (features.columns + 1))
        for row in 0..<features.rows {
            for source in member.permutation {
                values.append(
                    source == features.columns ? column[row] : features.values[row * features.columns + source])
            }
        }
        self.init(rows: features.rows, columns: features.columns + 1, values: values)
    }

    /// One row.
    package subscript(row: Int) -> ArraySlice<Float> { values[row * columns..<(row + 1) * columns] }

    /// Some of the rows.
    package subscript(range: Range<Int>) -> MemberTable {
        MemberTable(
            rows: range.count, columns: columns,
            values: Array(values[range.lowerBound * columns..<range.upperBound * columns]))
    }
}
