internal import Planning
public import Scoring

/// How a log is cut into what was known and what was to come.
public enum ReplayMode: String, CaseIterable, Codable, Sendable {
    /// Versions in order: what came before is known, also of the prompt itself.
    case steps
    /// Context rows of the same version are known, query rows are to come.
    case roles
}

/// What rollouts on a prompt really come to.
public enum ReplayTruthKind: String, CaseIterable, Codable, Sendable {
    /// The logged rollouts, drawn without putting back: exact up to as many as were logged.
    case urn
    /// What is to be believed of the rate given the logged rollouts and how the policy's rates spread over prompts.
    case posterior
}

/// How logs are replayed.
public struct ReplayOptions: Hashable, Codable, Sendable {
    /// Rollouts a prompt, on average.
    public var mean = 8
    /// Least budget of a prompt.
    public var minimum = 4
    /// Largest budget of a prompt.
    public var maximum = 32
    /// What budgets are planned for and measured by.
    public var objective = BudgetObjective.expectedContrast
    /// Prompts planned together, at most.
    public var stepPrompts = 128
    /// Rows of a context.
    public var contextRows = 256
    /// Independent draws of contexts, steps and luck.
    public var seeds = 3
    /// γ of a prompt's own record, a version step.
    public var decay = PromptRecord.decayDefault
    /// Later visits of a prompt that count, with the present one, as what its rollouts really come to. `steps` only.
    ///
    /// None makes the k/n of one small group the truth, which flatters an oracle that knows it; many let the policy
    /// move away from what it was.
    public var pooledVisits = 3
    /// How logs are cut; `nil` is `steps` where prompts were visited at least three times on average, else `roles`.
    public var mode: ReplayMode?
    /// What rollouts come to; `nil` is `urn` where at least as many are logged as the largest budget, else `posterior`.
    public var truth: ReplayTruthKind?
    /// Texts embedded per call of the model.
    public var chunkTexts = 256

    /// GRPO steps of 128 prompts and 8 rollouts a prompt in [4, 32].
    public init() {}

    /// Throws `optionOutOfRange` naming the setting; ranges of budgets are checked where they are planned.
    func check() throws(ReplayError) {
        for (name, value, low, high) in [
            ("rollouts a prompt", mean, 2, BudgetRequest.rolloutsMax), ("prompts a step", stepPrompts, 1, Int.max),
            ("context size", contextRows, 1, ContextSet.rowsMax), ("seeds", seeds, 1, 1000),
            ("pooled visits", pooledVisits, 0, 100), ("texts a chunk", chunkTexts, 1, Int.max),
        ] where value < low || value > high {
            throw .optionOutOfRange(name: name, value: value, range: high == Int.max ? "\(low)…" : "\(low)…\(high)")
        }
    }

    /// What is asked of a step of so many prompts.
    func request(prompts: Int) -> BudgetRequest {
        BudgetRequest(total: mean * prompts, minimum: minimum, maximum: maximum, objective: objective)
    }
}
