package import Scoring

/// V0's head (arXiv 2602.03584) as an `InContextHead`: TabPFN v2.5 with the memory of its contexts bounded.
///
/// Labels are the reference's: a row succeeded if its mean reward is at least 0.5.
///
/// **Prepared contexts free each other's memory.** *Why:* one needs 5 GB at the released size, and a worker keeps up to
/// four. *In practice:* before one is prepared, the least recently used ones lose their keys and values until it fits in
/// the memory that the machine has available; when one of those is used again, it is prepared again. *Otherwise:* the
/// kernel ends the process in the middle of a job.
package final class TabPFNInContextHead: InContextHead {
    /// For a model's name.
    package let name = "tabpfn"
    /// The arithmetic and how rows are hashed. The weights' digest is not in it.
    package var identity: String { "\(head.numerics)\nrow hash \(rowHash.name)" }

    private let head: TabPFNHead
    private let threads: Int
    private let keepsContexts: Bool
    private let rowHash: RowHashMode
    private let availableMemory: () -> Int?
    private let recent = RecentContexts()

    /// `keepsContexts`: whether keys and values stay in memory between predictions. `threads` are the head's.
    /// `availableMemory` gives bytes, or `nil` where the system does not say.
    package init(
        _ head: TabPFNHead, threads: Int, keepsContexts: Bool, rowHash: RowHashMode,
        availableMemory: @escaping () -> Int?
    ) {
        self.head = head
        self.threads = threads
        self.keepsContexts = keepsContexts
        self.rowHash = rowHash
        self.availableMemory = availableMemory
    }

    /// Reads the context through all members of the ensemble, unless contexts are not kept.
    ///
    /// Labels of one class, or rows that are all alike, give the base rate: the reference fails on both. Throws
    /// `widthMismatch`, `rowsMismatch`, `notFinite`, `kernel`, and `doesNotFit` before memory is allocated.
    /// Cost: 14 TFLOP for 256 rows at the released size.
    package func prepare(
        _ context: ContextSet, features: FeatureMatrix
    ) throws(ValueModelError) -> TabPFNPreparedContext {
        guard context.schema.isEmpty else { throw .sideInformationUnsupported(head: name) }
        guard features.rows == context.texts.count else {
            throw .rowsMismatch(expected: context.texts.count, found: features.rows)
        }
        let prepared = TabPFNPreparedContext(
            contextDigest: context.digest, features: features, labels: context.rows.map(\.outcome.isSuccess),
            baseRate: context.baseRate)
        guard prepared.hasTwoClasses, !prepared.isConstant else {
            prepared.isBaseRate = true
            return prepared
        }
        if keepsContexts { try keysValues(of: prepared) }
        return prepared
    }

    /// Predicts. Throws as `prepare` does.
    ///
    /// κ is that of most policies (`GaussianProcessConstants`): V0 itself gives a point and does not say how sure it is.
    /// Cost: 40 GFLOP a query at the released size; without kept contexts, each call pays for the context too.
    package func predict(
        _ queries: QuerySet, in context: TabPFNPreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        guard queries.columns == context.features.columns || context.isBaseRate else {
            throw .widthMismatch(expected: context.features.columns, found: queries.columns)
        }
        guard queries.rows > 0 else { return [] }
        let scores =
            context.isBaseRate
            ? [Float](repeating: Float(context.baseRate), count: queries.rows)
            : try answer(queries.features, in: context).scores
        var predictions: [Prediction] = []
        for (row, p) in scores.enumerated() {
            var flags: Prediction.Flags = queries.features.isTruncated[row] ? .truncated : []
            if context.isBaseRate { flags.insert(.baseRate) }
            let kappa = context.isBaseRate ? BeliefConstants.baseRateKappa : BeliefConstants.usualKappa
            guard let prediction = Prediction(mean: Double(p), kappa: kappa, flags: flags) else {
                throw .notFinite(stage: "the head", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }

    /// `listener` is called after each layer of each member of the ensemble.
    package func onProgress(_ listener: @escaping @Sendable () -> Void) { head.progress = listener }

    /// The head's logits and scores.
    private func answer(
        _ queries: FeatureMatrix, in context: TabPFNPreparedContext
    ) throws(ValueModelError) -> TabPFNAnswer {
        let rowHash = rowHash
        guard keepsContexts else {
            return try Self.translating { () throws(TabPFNError) in
                try head.predictWithoutContext(
                    queries, context: context.features, labels: context.labels, fingerprints: rowHash)
            }
        }
        let keysValues = try keysValues(of: context)
        return try Self.translating { () throws(TabPFNError) in try head.predict(queries, in: keysValues) }
    }

    /// The context's keys and values: those kept, or computed now, after others were freed.
    @discardableResult
    private func keysValues(of context: TabPFNPreparedContext) throws(ValueModelError) -> TabPFNContext {
        recent.use(context)
        if let kept = context.keysValues { return kept }
        try freeMemory(for: context)
        let rowHash = rowHash
        let made = try Self.translating { () throws(TabPFNError) in
            try head.prepare(context.features, labels: context.labels, fingerprints: rowHash)
        }
        context.keysValues = made
        return made
    }

    private func freeMemory(for context: TabPFNPreparedContext) throws(ValueModelError) {
        let (rows, columns) = (context.features.rows, context.features.columns)
        let needed =
            head.memory.context(rows: rows, features: columns)
            + max(
                head.memory.preparing(rows: rows, features: columns, threads: threads),
                head.memory.predicting(
                    rows: rows, features: columns, queries: TabPFNHead.queriesPerRun, threads: threads))
        while let available = availableMemory(), available < needed {
            guard recent.freeOldest(but: context) else {
                throw .doesNotFit(
                    what: "a prepared context of \(rows) rows", needed: needed, available: available,
                    advice: "use fewer rows, --precision bfloat16, --context-cache none, or more memory")
            }
        }
    }

    private static func translating<Value>(
        _ body: () throws(TabPFNError) -> Value
    ) throws(ValueModelError) -> Value {
        do throws(TabPFNError) {
            return try body()
        } catch {
            switch error {
            case .width(let expected, let found): throw .widthMismatch(expected: expected, found: found)
            case .notFinite(let stage, let row): throw .notFinite(stage: stage, row: row)
            default: throw .kernel("\(error)")
            }
        }
    }
}
