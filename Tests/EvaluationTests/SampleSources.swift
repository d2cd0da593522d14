import Evaluation
import Scoring
import Testing

/// Sources with prompts `id<i>` of text `t<i>`, which `TableModel` understands.
enum SampleSources {
    /// A source of `policies` on `prompts`. By default the first hundred prompts profile a policy, the others are
    /// predicted, and odd prompts succeed.
    static func numbers(
        _ name: String = "numbers", policies: [Policy] = [Policy(id: "a")], prompts: Range<Int> = 0..<200, n: Int = 1,
        reward: (Policy, Int) -> Double = { Double($1 % 2) },
        role: (Int) -> EvaluationSource.Role? = { $0 < 100 ? .context : .query }
    ) throws -> EvaluationSource {
        try EvaluationSource(
            name: name, prompts: Dictionary(uniqueKeysWithValues: prompts.map { ("id\($0)", "t\($0)") }),
            rows: try policies.flatMap { policy in
                try prompts.map { number in
                    let outcome = Outcome(reward: reward(policy, number), n: n)
                    return EvaluationSource.Row(
                        policy: policy, promptID: "id\(number)", outcome: try #require(outcome), role: role(number))
                }
            })
    }
}
