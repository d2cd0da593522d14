import JSON
public import Scoring

/// Columns of a row that say more about its prompt than its text: rates of other policies, numbers, categories.
///
/// A name may lead into nested objects by dots, like the keys of `RowKeys`.
public struct SideColumns: Hashable, Sendable {
    /// Columns with outcomes of another policy: a rate in [0, 1], or an object with `k` and `n`, or `rate` and `n`.
    public var references: [String]
    /// Those of them whose number says how hard the prompt is: the rate is then 1 less the number.
    public var harder: Set<String>
    /// Columns with a number or a category.
    public var covariates: [String]

    /// Nothing but texts.
    public static let none = SideColumns()

    /// Names columns.
    public init(references: [String] = [], harder: Set<String> = [], covariates: [String] = []) {
        self.references = references
        self.harder = harder
        self.covariates = covariates
    }

    /// In the order of a row's values.
    var names: [String] { references + covariates }
}

/// The value of a column in one row.
public enum ColumnValue: Hashable, Sendable {
    /// Absent, null or an empty text.
    case missing
    /// Of a reference column.
    case outcome(Outcome)
    /// Of a covariate, with the digits as written.
    case number(Float, digits: String)
    /// Of a covariate.
    case text(String)
}

extension RowFields {
    /// The values of columns, in the order of `SideColumns.names`; empty if there are no columns.
    func values(of columns: SideColumns) throws(RowProblem) -> [ColumnValue] {
        var values: [ColumnValue] = []
        for (place, name) in columns.names.enumerated() {
            guard let value = try column(place) else {
                values.append(.missing)
                continue
            }
            values.append(
                place < columns.references.count
                    ? .outcome(try Self.outcome(value, name, isHarder: columns.harder.contains(name)))
                    : try Self.covariate(value, name))
        }
        return values
    }

    private static func outcome(_ value: JSONValue, _ name: String, isHarder: Bool) throws(RowProblem) -> Outcome {
        let outcome: Outcome?
        switch value {
        case .bool(let truth): outcome = Outcome(reward: truth ? 1 : 0)
        case .object(let object):
            let count = object["n"].flatMap { $0 == .null ? nil : $0 }
            if let k = (object["k"] ?? object["successes"])?.integer {
                outcome = count?.integer.flatMap { Outcome(k: k, n: $0) }
            } else {
                let rate = (object["rate"] ?? object["reward"] ?? object["mean"])?.double
                // A count that cannot be read is an error, not one rollout.
                let n: Int? = count == nil ? 1 : count?.integer
                outcome = rate.flatMap { rate in n.flatMap { Outcome(reward: rate, n: $0) } }
            }
        default: outcome = value.double.flatMap { Outcome(reward: $0) }
        }
        guard let outcome, outcome.n <= PlanLimits.counts.upperBound,
            let turned = Outcome(reward: isHarder ? 1 - outcome.reward : outcome.reward, n: outcome.n)
        else {
            throw RowProblem(
                code: .badSideValue,
                message: "\"\(name)\" is \(value.kind); the column of a reference has a rate from 0 to 1,"
                    + " or an object with k and n; give other numbers as --covariate")
        }
        return turned
    }

    private static func covariate(_ value: JSONValue, _ name: String) throws(RowProblem) -> ColumnValue {
        switch value {
        case .bool(let truth): return .number(truth ? 1 : 0, digits: truth ? "true" : "false")
        case .string(let text): return text.isEmpty ? .missing : .text(text)
        case .number(let digits):
            if let number = value.double.map({ Float($0) }), number.isFinite { return .number(number, digits: digits) }
        case .null, .array, .object: break
        }
        throw RowProblem(
            code: .badSideValue,
            message: "\"\(name)\" is \(value.kind); a covariate is a number, a text, true or false")
    }
}
