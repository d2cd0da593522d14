import OrderedCollections
import Wire

/// What an operator asks about the histories of policies.
public enum HistoryQuery: Sendable {
    /// Which policies have one.
    case policies
    /// A policy's outcomes from a number on, at most `count`.
    case outcomes(policyID: String, from: Int, count: Int)
    /// All of a policy is to be forgotten.
    case forget(policyID: String)
}

/// The answer to a query.
public enum HistoryAnswer: Sendable {
    /// All policies, by id.
    case policies([PolicySummary])
    /// Outcomes in the order in which they were recorded, and the number of the first one behind them; `nil` at the end.
    case outcomes([RecordedOutcome], next: Int?)
    /// The policy as it was before it was forgotten.
    case forgotten(PolicySummary)
    /// No policy has this id.
    case unknown
}

/// What a coordinator keeps of a policy.
public struct PolicySummary: Hashable, Sendable, Codable {
    /// The policy.
    public var policyID: String
    /// Outcomes in its history.
    public var outcomes: Int
    /// Prompts that may be named by their id alone.
    public var prompts: Int
    /// Bytes of both, about.
    public var bytes: Int
    /// The newest version that has an outcome; `nil` without outcomes.
    public var latestVersion: Int?
    /// The share of rollouts that ended without a reward.
    public var failureRate: Double
    /// Steps whose plans are kept, ascending.
    public var plans: [Int]
    /// Its place by use: 1 was used last, the highest is removed first.
    public var idleRank: Int
    /// Whose it is; `nil` for the cluster's own.
    public var tenant: String?

    /// Describes a policy.
    public init(
        policyID: String, outcomes: Int, prompts: Int, bytes: Int, latestVersion: Int?, failureRate: Double,
        plans: [Int], idleRank: Int, tenant: String? = nil
    ) {
        self.policyID = policyID
        self.outcomes = outcomes
        self.prompts = prompts
        self.bytes = bytes
        self.latestVersion = latestVersion
        self.failureRate = failureRate
        self.plans = plans
        self.idleRank = idleRank
        self.tenant = tenant
    }
}

extension PlannerState {
    /// Answers a query. Cost: linear in the policies and plans, or in the outcomes asked for.
    public func answer(_ query: HistoryQuery) -> HistoryAnswer {
        switch query {
        case .policies: return .policies(policies.sorted { $0.policyID < $1.policyID })
        case .forget(let policyID):
            return policies.first { $0.policyID == policyID }.map(HistoryAnswer.forgotten) ?? .unknown
        case .outcomes(let policyID, let from, let count):
            guard let history = histories[policyID] else { return .unknown }
            let (outcomes, next) = history.outcomes(from: from, count: count)
            return .outcomes(outcomes, next: next)
        }
    }

    private var policies: [PolicySummary] {
        let byUse = histories.all.sorted { ($0.value.lastUse, $0.key) > ($1.value.lastUse, $1.key) }
        return byUse.enumerated().map { place, entry in
            let (id, history) = entry
            return PolicySummary(
                policyID: id, outcomes: history.outcomes.count, prompts: history.knownTexts.count, bytes: history.bytes,
                latestVersion: history.latestVersion, failureRate: history.failureRate,
                plans: sessions.plans(of: id).names.map(\.step).sorted(), idleRank: place + 1, tenant: tenant)
        }
    }
}
