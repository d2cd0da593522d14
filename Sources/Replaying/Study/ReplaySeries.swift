/// A strategy together with the belief that it planned from: one line of the report.
package struct ReplaySeries: Hashable {
    let policy: AllocationStrategy
    let belief: ReplayBelief

    package init(policy: AllocationStrategy, belief: ReplayBelief) {
        self.policy = policy
        self.belief = belief
    }

    package static let uniform = ReplaySeries(policy: .uniform, belief: .none)
    package static let blind = ReplaySeries(policy: .ours, belief: .blind)
    package static let oracle = ReplaySeries(policy: .oracle, belief: .truth)
}

/// The belief that a strategy plans from.
public enum ReplayBelief: String, CaseIterable, Codable, Sendable {
    /// No belief: the strategy does not use one.
    case none
    /// One belief for all prompts: the distribution of the known rates. It measures what unequal groups gain by
    /// themselves, whichever prompts get the large ones.
    case blind
    /// The model's prediction from a context of other prompts.
    case model
    /// The model's prediction, joined with the prompt's own earlier outcomes.
    case record
    /// The true outcomes.
    case truth
}
