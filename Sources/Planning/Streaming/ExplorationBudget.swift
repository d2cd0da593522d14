import Scoring

/// Exploration as one budget over a run: a step that spends less than its share saves the rest for later steps, and one that
/// spends more leaves them less.
///
/// Without it, the share of a step without prompts to explore would be lost, and the run would explore less than requested.
/// What is spent are rollouts that only exploration has caused: visits (`VisitSchedule`) and budgets that were raised against
/// a prediction (`Exploration`).
public struct ExplorationBudget: Hashable, Sendable {
    /// Rollouts that earlier steps have saved; below 0 if they have spent more than their shares.
    public let saved: Double

    /// Steps whose shares are saved or owed at most: after a long time without exploration, a step is not all exploration.
    public static let stepsMax = 8.0

    /// The budget before a step. `saved` that is not a number counts as 0.
    public init(saved: Double = 0) {
        self.saved = saved.isNaN ? 0 : saved
    }

    /// Rollouts that a step may spend.
    public func available(share: Double, total: Int) -> Double {
        max(0, bounded(share: share, total: total) + share * Double(total))
    }

    /// The share of the step's total that is left for predictions to be checked, after visits; in [0, 1].
    public func share(_ share: Double, total: Int, visits rollouts: Int) -> Double {
        guard total > 0 else { return 0 }
        return min(1, max(0, available(share: share, total: total) - Double(rollouts)) / Double(total))
    }

    /// The budget after a step in which exploration has caused so many rollouts.
    public func after(share: Double, total: Int, spent rollouts: Int) -> ExplorationBudget {
        ExplorationBudget(saved: bounded(share: share, total: total) + share * Double(total) - Double(rollouts))
    }

    private func bounded(share: Double, total: Int) -> Double {
        let most = Self.stepsMax * share * Double(total)
        return min(most, max(-most, saved))
    }
}
