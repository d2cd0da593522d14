/// A way to distribute rollouts over the prompts of a step. A replay compares all of them.
public enum AllocationStrategy: String, CaseIterable, Codable, Sendable {
    /// The same number of rollouts for each prompt.
    case uniform
    /// DAPO's dynamic sampling (arXiv 2503.14476): equal groups. Groups without signal are discarded, but their
    /// rollouts count as spent. Further prompts are drawn until the wanted number of groups has a signal.
    case dapoFilter
    /// The solver of V0: one rollout after the other, by the predicted mean (arXiv 2602.03584).
    case greedy
    /// The objective of Knapsack RL (arXiv 2509.25849) on the belief.
    case knapsack
    /// The request's objective on the predicted mean, as if it were certain.
    case meanAlone
    /// The request's objective on the belief.
    case ours
    /// The request's objective on the true rates: the value of a perfect prediction.
    case oracle

    /// Name in tables and plots.
    var name: String {
        switch self {
        case .uniform: "uniform"
        case .dapoFilter: "DAPO filter"
        case .greedy: "paper's greedy"
        case .knapsack: "Knapsack RL"
        case .meanAlone: "mean alone"
        case .ours: "ours"
        case .oracle: "oracle"
        }
    }
}
