package import Scoring
import FeatureStore
package import Wire

/// What the inference thread does: prepares contexts, embeds and predicts, tells of progress. Knows nothing of leases.
///
/// Prompts are embedded a few at a time so that progress is seen; batches are the model's business beyond that, for an
/// embedding never depends on its batch-mates.
package struct InferenceExecutor {
    private let model: any ValueModel
    private var kept: TieredFeatureCache
    private var contexts: [Digest: any PreparedContext] = [:]
    /// Texts that were embedded, and texts whose features were kept from before.
    private(set) var counts = (embedded: 0, kept: 0)
    private let clock = ContinuousClock()

    /// Prompts embedded between two signs of progress. Some 0.3 s with the default model on one core.
    static let progressRows = 64

    package init(model: any ValueModel, kept: TieredFeatureCache) {
        self.model = model
        self.kept = kept
    }

    /// Fits a context; what is wrong with it otherwise.
    package mutating func prepare(_ block: ContextBlock, onProgress: () -> Void) -> String? {
        guard let context = block.contextSet else {
            return "context \(block.digest.short) does not match its digest; submit the job again"
        }
        do {
            let features = try embed(context.rows.map(\.text), onProgress: onProgress)
            contexts[block.digest] = try model.prepare(context, features: features)
            return nil
        } catch {
            return "the context cannot be prepared: \(error)"
        }
    }

    mutating func forget(_ digest: Digest) {
        contexts[digest] = nil
    }

    /// Answers a piece: a prediction or a fault for every row.
    package mutating func score(
        _ block: TextBlock, context digest: Digest, onProgress: () -> Void
    ) -> (AnswerBlock, [RowFault], StageTimes) {
        guard let context = contexts[digest] else {
            return Self.failing(block, code: "context_failed", message: "context \(digest.short) is not prepared here")
        }
        var faults: [RowFault] = []
        let start = clock.now
        var rows: [Int] = []
        var texts: [String] = []
        rows.reserveCapacity(block.count)
        texts.reserveCapacity(block.count)
        for (row, text) in block.texts.enumerated() {
            if let text {
                rows.append(row)
                texts.append(text)
            } else {
                faults.append(
                    RowFault(row: UInt32(row), code: "invalid_utf8", message: "the prompt's bytes are not UTF-8"))
            }
        }
        let features = embedEach(&rows, texts, &faults, onProgress: onProgress)
        let embedded = clock.now
        let answers: AnswerBlock
        do {
            let predictions = try model.predict(features, in: context)
            answers =
                rows.count == block.count
                ? AnswerBlock(predictions) : AnswerBlock(Self.spread(predictions, over: rows, of: block.count))
        } catch {
            return Self.failing(block, code: "prediction_failed", message: "\(error)")
        }
        faults.sort { $0.row < $1.row }
        return (
            answers, faults,
            StageTimes(embedded: embedded - start, predicted: clock.now - embedded)
        )
    }

    /// Predictions in the places of their rows, `nil` at the others.
    private static func spread(_ predictions: [Prediction], over rows: [Int], of count: Int) -> [Prediction?] {
        var spread = [Prediction?](repeating: nil, count: count)
        for (row, prediction) in zip(rows, predictions) { spread[row] = prediction }
        return spread
    }

    /// Embeds texts; when that fails, one by one, so that only the row that cannot be embedded gets a fault.
    private mutating func embedEach(
        _ rows: inout [Int], _ texts: [String], _ faults: inout [RowFault], onProgress: () -> Void
    ) -> FeatureMatrix {
        if let features = try? embed(texts, onProgress: onProgress) { return features }
        var kept: [Int] = []
        var values: [Float] = []
        var isTruncated: [Bool] = []
        var columns = 0
        for (row, text) in zip(rows, texts) {
            do {
                let one = try embed([text], onProgress: onProgress)
                kept.append(row)
                values += one.values
                isTruncated += one.isTruncated
                columns = one.columns
            } catch {
                faults.append(RowFault(row: UInt32(row), code: "embedding_failed", message: "\(error)"))
            }
        }
        rows = kept
        return FeatureMatrix(columns: columns, values: values, isTruncated: isTruncated)
    }

    private mutating func embed(_ texts: [String], onProgress: () -> Void) throws(ValueModelError) -> FeatureMatrix {
        var values: [Float] = []
        var isTruncated: [Bool] = []
        var columns = 0
        var start = 0
        guard model.shouldCacheFeatures else {
            counts.embedded += texts.count
            return try model.embed(texts)
        }
        while start < texts.count {
            let chunk = Array(texts[start..<min(start + Self.progressRows, texts.count)])
            let features = try embedChunk(chunk)
            values += features.values
            isTruncated += features.isTruncated
            columns = features.columns
            start += chunk.count
            onProgress()
        }
        if texts.isEmpty { return try model.embed([]) }
        return FeatureMatrix(columns: columns, values: values, isTruncated: isTruncated)
    }

    private mutating func embedChunk(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        guard kept.isOn else {
            counts.embedded += texts.count
            return try model.embed(texts)
        }
        let digests = texts.map { Digest(of: $0) }
        let found = digests.map { kept.find($0) }
        // The same text twice in a chunk is embedded once.
        var missing: [Digest: Int] = [:]
        var missingTexts: [String] = []
        for (index, entry) in found.enumerated() where entry == nil && missing[digests[index]] == nil {
            missing[digests[index]] = missingTexts.count
            missingTexts.append(texts[index])
        }
        let fresh = try model.embed(missingTexts)
        counts.embedded += missingTexts.count
        counts.kept += texts.count - missingTexts.count
        var values: [Float] = []
        var isTruncated: [Bool] = []
        for (index, digest) in digests.enumerated() {
            if let entry = found[index] {
                values += entry.values
                isTruncated.append(entry.isTruncated)
            } else if let row = missing[digest] {
                values += fresh.row(row)
                isTruncated.append(fresh.isTruncated[row])
            }
        }
        kept.keep(
            missing.sorted { $0.value < $1.value }.map { digest, row in
                let entry = FeatureStore.Entry(values: Array(fresh.row(row)), isTruncated: fresh.isTruncated[row])
                return (key: digest, entry: entry)
            })
        return FeatureMatrix(columns: fresh.columns, values: values, isTruncated: isTruncated)
    }

    private static func failing(
        _ block: TextBlock, code: String, message: String
    ) -> (AnswerBlock, [RowFault], StageTimes) {
        let faults = (0..<UInt32(block.count)).map { RowFault(row: $0, code: code, message: message) }
        return (AnswerBlock(Array(repeating: nil, count: block.count)), faults, StageTimes())
    }
}
