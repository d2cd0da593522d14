internal import Scoring

/// What the other policies of a source did on a prompt: an oracle, for it knows the very prompts that are asked.
///
/// Versions of one policy are one policy here, for neighbouring steps of a training run are nearly the same model: a
/// policy counts by the mean over its versions, and the prompt's mean is over the policies that are not the one asked.
struct OtherPolicies {
    private struct Record {
        var sum = 0.0
        var count = 0
    }

    private let records: [Digest: [String: Record]]

    /// Collects all of a source's outcomes, whatever their role, by the digest of the text.
    init(_ source: EvaluationSource, keys: [String: ContextDraw.PromptKey]) {
        var records: [Digest: [String: Record]] = [:]
        for row in source.rows {
            guard let digest = keys[row.promptID]?.digest else { continue }
            records[digest, default: [:]][row.policy.id, default: Record()].sum += row.outcome.reward
            records[digest, default: [:]][row.policy.id, default: Record()].count += 1
        }
        self.records = records
    }

    /// `nil` where no other policy answered.
    func mean(on digest: Digest, besides policy: Policy) -> Double? {
        // In the order of names, so that the sum is the same in every run.
        let others = (records[digest] ?? [:]).filter { $0.key != policy.id }.sorted { $0.key < $1.key }
        guard !others.isEmpty else { return nil }
        return others.reduce(0) { $0 + $1.value.sum / Double($1.value.count) } / Double(others.count)
    }
}
