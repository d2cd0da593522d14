/// Why a prompt has its budget.
public enum BudgetReason: String, Codable, Sendable {
    /// It is the smallest size that the prompt may have.
    case floor
    /// It is the largest size that the prompt may have.
    case cap
    /// It is between the two, chosen by the solver.
    case optimal
    /// No rollouts: the smallest size is 0.
    case excluded
    /// Exploration, although the prompt is predicted to fail always.
    case exploreHopeless = "explore_hopeless"
    /// Exploration, although the prompt is predicted to succeed always.
    case exploreSolved = "explore_solved"
    /// Exploration, because it was a candidate for long without rollouts.
    case revisit
    /// Handed out at the current price, before all predictions had arrived.
    case price
    /// Handed out, and raised after all predictions had arrived.
    case toppedUp = "topped_up"
    /// An equal share, because the solver's plan expects no gain.
    case noGain = "no_gain"
    /// An equal share, because predictions did not arrive before the deadline.
    case deadline
    /// An equal share, because there is no coordinator.
    case noCoordinator = "no_coordinator"
    /// An equal share, because there is no model or it failed.
    case noModel = "no_model"
    /// An equal share, because plans are only observed (mode `shadow`).
    case shadow

    /// The reason of all budgets of a uniform plan.
    init(_ reason: UniformReason) {
        switch reason {
        case .noExpectedGain: self = .noGain
        case .deadline: self = .deadline
        case .noCoordinator: self = .noCoordinator
        case .noModel: self = .noModel
        case .shadow: self = .shadow
        }
    }

    /// The reason of a solver's budget, from the limits of its prompt.
    init(_ n: Int, floor: Int, cap: Int) {
        self = n == 0 ? .excluded : n == floor ? .floor : n == cap ? .cap : .optimal
    }
}

/// Why a plan is uniform.
public enum UniformReason: String, Codable, Sendable {
    /// The solver's budgets have no higher expected value than equal ones.
    case noExpectedGain = "no_expected_gain"
    /// Predictions did not arrive before the deadline.
    case deadline
    /// There is no coordinator.
    case noCoordinator = "no_coordinator"
    /// There is no model, or it failed.
    case noModel = "no_model"
    /// Plans are only observed, not followed.
    case shadow
}
