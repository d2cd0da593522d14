import Foundation
import Heads
public import Scoring

/// The value model of the V0 paper (arXiv 2602.03584): Qwen3 encoder, query adapter, TabPFN v2.5 head.
///
/// Features are `(P, F)`: 168 · 6 = 1,008 through an adapter, the encoder's width without one. Labels are the
/// reference's: a row succeeded if its mean reward is at least 0.5.
///
/// **Prepared contexts make room for each other.** *Why:* one takes 5 GB at the released size, and a worker is asked to
/// keep four. *In practice:* before one is prepared, the least recently used ones give up their keys and values until
/// it fits in the memory that the machine has left; used again, they are prepared again. *Otherwise:* the kernel ends the
/// process in the middle of a job.
public final class V0ValueModel: ValueModel {
    /// Tells whether two workers may share a job.
    public let fingerprint: ModelFingerprint
    /// What features depend on beside the text; the head's weights are not in it.
    public let encoderFingerprint: ModelFingerprint
    private let embedder: V0Embedder
    private let head: TabPFNHead
    private let settings: ModelSettings
    private let availableMemory: () -> Int?
    private let kept = KeptContexts()

    init(
        fingerprint: ModelFingerprint, encoderFingerprint: ModelFingerprint, embedder: V0Embedder, head: TabPFNHead,
        settings: ModelSettings, availableMemory: @escaping () -> Int?
    ) {
        self.fingerprint = fingerprint
        self.encoderFingerprint = encoderFingerprint
        self.embedder = embedder
        self.head = head
        self.settings = settings
        self.availableMemory = availableMemory
    }

    /// F.
    public var featureColumns: Int { embedder.features }

    /// Where the encoder's packed weights are, in words.
    public var packedWeights: String { embedder.packedWeights }

    /// Throws `notFinite` naming the row, or `kernel`. Cost: 0.9 GFLOP a token at the released size.
    public func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        try embedder.embed(texts)
    }

    /// Reads the context through all members of the ensemble, unless contexts are not kept.
    ///
    /// Labels of one class, or rows that are all alike, give the base rate: the reference fails on both. Throws
    /// `widthMismatch`, `rowsMismatch`, `notFinite`, `kernel`, and `doesNotFit` before memory is taken.
    /// Cost: 14 TFLOP for 256 rows at the released size.
    public func prepare(
        _ context: ContextSet, features: FeatureMatrix
    ) throws(ValueModelError) -> any PreparedContext {
        guard features.columns == featureColumns else {
            throw .widthMismatch(expected: featureColumns, found: features.columns)
        }
        guard features.rows == context.rows.count else {
            throw .rowsMismatch(expected: context.rows.count, found: features.rows)
        }
        let prepared = V0Context(
            contextDigest: context.digest, features: features, labels: context.rows.map(\.outcome.isSuccess),
            baseRate: context.baseRate)
        guard prepared.hasTwoClasses, !prepared.isConstant else {
            prepared.isBaseRate = true
            return prepared
        }
        if settings.contextCache == .keep { try read(prepared) }
        return prepared
    }

    /// Predicts; throws `foreignContext` for a context that another kind of model prepared, and as `prepare` does.
    ///
    /// κ is that of most policies (`GaussianProcessConstants`): V0 itself gives a point and says nothing of how sure it
    /// is. Cost: 40 GFLOP a query at the released size; without kept contexts, each call pays for the context too.
    public func predict(
        _ queries: FeatureMatrix, in context: any PreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        guard let context = context as? V0Context else { throw .foreignContext(context.contextDigest) }
        guard queries.columns == featureColumns else {
            throw .widthMismatch(expected: featureColumns, found: queries.columns)
        }
        guard queries.rows > 0 else { return [] }
        let scores =
            context.isBaseRate
            ? [Float](repeating: Float(context.baseRate), count: queries.rows)
            : try answer(queries, in: context).scores
        var predictions: [Prediction] = []
        for (row, p) in scores.enumerated() {
            var flags: Prediction.Flags = queries.isTruncated[row] ? .truncated : []
            if context.isBaseRate { flags.insert(.baseRate) }
            let kappa = context.isBaseRate ? BeliefConstants.baseRateKappa : BeliefConstants.usualKappa
            guard let prediction = Prediction(mean: Double(p), kappa: kappa, flags: flags) else {
                throw .notFinite(stage: "the head", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }

    /// Called after each run of tokens and each layer of each member.
    public func tellProgress(to listener: @escaping @Sendable () -> Void) {
        embedder.progress = listener
        head.progress = listener
    }

    /// The head's logits and scores; for `predict`, and for a verification against the reference.
    func answer(_ queries: FeatureMatrix, in context: V0Context) throws(ValueModelError) -> TabPFNAnswer {
        let mode = fingerprints
        if settings.contextCache == .none {
            return try Self.translating { () throws(TabPFNError) in
                try head.predictWithoutContext(
                    queries, context: context.features, labels: context.labels, fingerprints: mode)
            }
        }
        let read = try read(context)
        return try Self.translating { () throws(TabPFNError) in try head.predict(queries, in: read) }
    }

    /// The context's keys and values: those kept, or read now, after others have made room.
    @discardableResult
    private func read(_ context: V0Context) throws(ValueModelError) -> TabPFNContext {
        kept.use(context)
        if let read = context.read { return read }
        let (rows, columns) = (context.features.rows, context.features.columns)
        let needed =
            head.memory.context(rows: rows, features: columns)
            + max(
                head.memory.preparing(rows: rows, features: columns, threads: settings.threads),
                head.memory.predicting(
                    rows: rows, features: columns, queries: TabPFNHead.queriesPerRun, threads: settings.threads))
        while let available = availableMemory(), available < needed {
            guard kept.giveUpOldest(but: context) else {
                throw .doesNotFit(
                    what: "a prepared context of \(rows) rows", needed: needed, available: available,
                    advice: "take fewer rows, --precision bfloat16, --context-cache none, or more memory")
            }
        }
        let mode = fingerprints
        let read = try Self.translating { () throws(TabPFNError) in
            try head.prepare(context.features, labels: context.labels, fingerprints: mode)
        }
        context.read = read
        return read
    }

    private var fingerprints: RowHashMode { settings.rowHash == .reference ? .reference : .constant }

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
