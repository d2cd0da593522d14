public import Wire

/// What the planner makes durable: outcomes, and everything that a plan's budgets follow from.
///
/// Budgets are not written. A plan is a function of its opening and of the predictions in the order of their arrival,
/// so a replay gives the same budgets, to the byte. Replaying the entries gives the state that wrote them, without
/// peers, leases and predictions that had not arrived.
public indirect enum PlannerEntry: Hashable, Sendable {
    /// Outcomes joined a policy's history.
    case outcomesRecorded(policyID: String, [RecordedOutcome])
    /// A step has a plan now.
    case planOpened(PlanOpening)
    /// Predictions of some candidates arrived.
    case predictionsReceived(PlanName, [CandidatePrediction])
    /// The deadline passed: candidates without a budget get an even share.
    case planCut(PlanName)
    /// Rollouts of a group ended.
    case groupReported(PlanName, GroupReport)
    /// A plan was dropped because it is too old; its outcomes stay in the history.
    case planForgotten(PlanName)
    /// Texts of prompts are known from now on.
    case textsNamed(policyID: String, [NamedText])
    /// Texts of prompts were removed, because they were not used for long.
    case textsForgotten(policyID: String, promptIDs: [String])
    /// The oldest outcomes of a policy were removed; the latest so many are kept.
    case outcomesTrimmed(policyID: String, keeping: Int)
    /// The oldest outcomes of a policy and some of its texts were removed, at most `reducedRows` of each; the rest follows.
    case policyReduced(String)
    /// All of a policy was removed.
    case policyForgotten(String)
    /// Outcomes of a policy were dropped, because its trainer went back to an earlier step.
    case outcomesForgotten(policyID: String, eventIDs: [String])
    /// A policy's trainer began another attempt, or went back within it.
    case attemptBegan(policyID: String, PolicyAttempts)

    /// To delete so many outcomes and texts takes some 30 ms of the journal's thread. Each time the same pages of indexes are
    /// written again, so fewer at once need longer in all, and the log grows faster than it is moved.
    package static let reducedRows = 4096
}
