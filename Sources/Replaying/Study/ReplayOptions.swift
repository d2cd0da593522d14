internal import Planning
public import ReferenceDraws
public import Scoring

/// How a log is split into what was known and what was to come.
public enum ReplayMode: String, CaseIterable, Codable, Sendable {
    /// Versions in order: earlier outcomes are known, also those of the prompt itself.
    case steps
    /// Context rows of the same version are known, query rows are to come.
    case roles
}

/// Where the true outcomes of rollouts come from.
public enum ReplayTruthKind: String, CaseIterable, Codable, Sendable {
    /// The logged rollouts, drawn without replacement: exact up to the number that was logged.
    case urn
    /// The posterior of the rate, given the logged rollouts and the distribution of the policy's rates over prompts.
    case posterior
}

/// How logs are replayed.
public struct ReplayOptions: Hashable, Codable, Sendable {
    /// Mean rollouts per prompt.
    public var mean = 8
    /// Smallest budget of a prompt.
    public var minimum = 4
    /// Largest budget of a prompt.
    public var maximum = 32
    /// The objective that budgets maximise and are measured by.
    public var objective = BudgetObjective.expectedContrast
    /// Most prompts planned together.
    public var stepPrompts = 128
    /// Rows of a context.
    public var contextRows = 256
    /// Independent draws of contexts, steps and rollouts.
    public var seeds = 3
    /// γ of a prompt's own record, per version.
    public var decay = PromptRecord.decayDefault
    /// Number of later visits of a prompt whose outcomes define its truth, together with the present one. `steps` only.
    ///
    /// With 0 the k/n of one small group is the truth, which favours an oracle that knows it. With many the policy
    /// changes in the meantime.
    public var pooledVisits = 3
    /// How logs are split; `nil` is `steps` where prompts were visited at least three times on average, else `roles`.
    public var mode: ReplayMode?
    /// Source of true outcomes; `nil` is `urn` where at least as many rollouts are logged as the largest budget, else
    /// `posterior`.
    public var truth: ReplayTruthKind?
    /// The references that the model is given. With `earlier` the belief of the own record is left out: it would count the
    /// same outcomes twice.
    public var references = ReferenceArm.none
    /// Share of prompts on which outcomes of references are known, in (0, 1].
    public var referenceCoverage = 1.0
    /// Texts per call of the model.
    public var chunkTexts = 256

    /// GRPO steps of 128 prompts and a mean of 8 rollouts per prompt in [4, 32].
    public init() {}

    /// Throws `optionOutOfRange` naming the option. Ranges of budgets are checked where they are planned.
    func check() throws(ReplayError) {
        for (name, value, low, high) in [
            ("rollouts per prompt", mean, 2, PlanLimits.rollouts.upperBound),
            ("prompts per step", stepPrompts, 1, Int.max),
            ("context size", contextRows, 1, ContextSet.rowsMax), ("seeds", seeds, 1, 1000),
            ("pooled visits", pooledVisits, 0, 100), ("texts per chunk", chunkTexts, 1, Int.max),
        ] where value < low || value > high {
            throw .optionOutOfRange(name: name, value: value, range: high == Int.max ? "\(low)…" : "\(low)…\(high)")
        }
    }

    /// The request for a step of some prompts.
    func request(prompts: Int) -> BudgetRequest {
        BudgetRequest(total: mean * prompts, minimum: minimum, maximum: maximum, objective: objective)
    }
}
