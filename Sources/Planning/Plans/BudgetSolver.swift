/// The solvers.
public enum BudgetSolver: String, CaseIterable, Codable, Sendable {
    /// `EnvelopeAllocator`: fast, and states its distance from the optimum.
    case envelope
    /// `GreedyAllocator`: the solver of the paper.
    case greedy
    /// `ExactAllocator`: the optimum of small problems.
    case exact

    /// The implementation.
    var allocator: any BudgetAllocator {
        switch self {
        case .envelope: EnvelopeAllocator()
        case .greedy: GreedyAllocator()
        case .exact: ExactAllocator()
        }
    }
}
