import Scoring

import Replaying

/// A model whose prediction for `t<number>` is a function of the number, with κ 4. It records its calls.
final class NumberModel: ValueModel {
    struct Prepared: PreparedContext {
        let contextDigest: Digest
        let rows: [ContextSet.Row]
    }

    struct Call {
        let context: [ContextSet.Row]
        let queries: [Int]
    }

    let fingerprint = ModelFingerprint(name: "numbers", digest: Digest(of: "numbers"))
    let answer: (Int) -> Float
    var failure: ValueModelError?
    private(set) var embedded: [String] = []
    private(set) var calls: [Call] = []

    init(answer: @escaping (Int) -> Float) { self.answer = answer }

    func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        if let failure { throw failure }
        embedded += texts
        return FeatureMatrix(
            columns: 1, values: texts.map { Float($0.dropFirst()) ?? -1 }, isTruncated: texts.map { _ in false })
    }

    func prepare(_ context: ContextSet, features: FeatureMatrix) throws(ValueModelError) -> any PreparedContext {
        Prepared(contextDigest: context.digest, rows: context.rows)
    }

    func predict(_ queries: QuerySet, in context: any PreparedContext) throws(ValueModelError) -> [Prediction] {
        let numbers = (0..<queries.rows).map { Int(queries.row($0)[queries.row($0).startIndex]) }
        calls.append(Call(context: (context as? Prepared)?.rows ?? [], queries: numbers))
        return numbers.compactMap { Prediction(p: answer($0), kappa: 4, pLo: 0, pHi: 1) }
    }
}

/// Logs of invented policies.
enum SampleLogs {
    static func prompts(_ count: Int) -> [Prompt] { (0..<count).map { Prompt(id: "p\($0)", text: "t\($0)") } }

    /// Every prompt at every version; `k` gives successes of 8 by version and prompt.
    static func run(
        prompts count: Int, versions: [Int], role: (Int) -> ReplayLog.Role? = { _ in nil }, k: (Int, Int) -> Int
    ) throws -> ReplayLog {
        var rows: [ReplayLog.Row] = []
        for version in versions {
            for prompt in 0..<count {
                guard let outcome = Outcome(k: k(version, prompt), n: 8) else { continue }
                rows.append(
                    .init(
                        policy: Policy(id: "llm", version: version), prompt: prompt, outcome: outcome,
                        role: role(prompt)))
            }
        }
        return try ReplayLog(name: "run", prompts: prompts(count), rows: rows)
    }

    static func options(_ change: (inout ReplayOptions) -> Void = { _ in }) -> ReplayOptions {
        var options = ReplayOptions()
        (options.seeds, options.pooledVisits, options.contextRows, options.stepPrompts) = (2, 1, 16, 20)
        change(&options)
        return options
    }
}
