import Scoring

/// The mathematics of one objective: its value where the success probability is known, believed, recorded or past.
///
/// To add an objective, add a case to `BudgetObjective`, a type in this folder, and one line to
/// `BudgetObjective.function`.
protocol ObjectiveFunction: Sendable {
    /// Allocates memory for curves up to `budgetMax` rollouts.
    init(budgetMax: Int)

    /// Value of `budget` rollouts at a known probability. Called with budget ≥ 2 and 0 < p < 1.
    static func value(of budget: Int, at p: Double) -> Double

    /// Writes expected values of 0…`budgetMax` rollouts under eight beliefs into `values`; entry 0 stays as it is.
    mutating func fill(_ values: inout [UtilityBlock.Lanes], urn: RolloutUrn, upTo budgetMax: Int)

    /// Expected value of `budget` rollouts drawn from a record without replacement. Called with
    /// 2 ≤ budget ≤ `record.rollouts`.
    static func value(of budget: Int, drawnFrom record: RolloutRecord) -> Double

    /// Value of a finished group that has both outcomes; see `BudgetObjective.realised`.
    static func realised(successes: Int, of budget: Int, weight: () -> Double) -> Double
}
