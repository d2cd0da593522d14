internal import Scoring

/// Mean reward of a source's other policies on the same prompt. It is an oracle, because it knows outcomes on the very
/// prompts that are predicted.
///
/// Versions of one policy count as one policy, because neighbouring steps of a training run are nearly the same model:
/// a policy counts by the mean over its versions, and the prompt's mean is over all policies but the predicted one.
struct OtherPolicies {
    private struct Record {
        var sum = 0.0
        var count = 0
    }

    private let records: [Digest: [String: Record]]

    /// Collects all outcomes of a source, of any role, by the digest of the text.
    init(_ source: EvaluationSource, keys: [String: DrawKey]) {
        var records: [Digest: [String: Record]] = [:]
        for row in source.rows {
            guard let digest = keys[row.promptID]?.digest else { continue }
            records[digest, default: [:]][row.policy.id, default: Record()].sum += row.outcome.reward
            records[digest, default: [:]][row.policy.id, default: Record()].count += 1
        }
        self.records = records
    }

    /// Mean reward of the other policies; `nil` where no other policy answered.
    func mean(on digest: Digest, besides policy: Policy) -> Double? {
        // In the order of ids, so that the sum is the same in every run.
        let others = (records[digest] ?? [:]).filter { $0.key != policy.id }.sorted { $0.key < $1.key }
        guard !others.isEmpty else { return nil }
        return others.reduce(0) { $0 + $1.value.sum / Double($1.value.count) } / Double(others.count)
    }
}
