import Routing
package import Scoring

/// The value model's estimate of one model of the fleet, for one prompt.
struct ModelEstimate: Sendable {
    /// `nil` without a history.
    let prediction: Prediction?
    /// Rows of history behind it.
    let rows: Int
    /// Under cost-aware labels, where the fleet's rule needs them.
    let costAwareScore: Double?
}

/// Estimates the fleet's models for prompts: the value model, a prepared context for each model of the fleet, and recent
/// features. It belongs to one thread.
///
/// A prompt is embedded once for the whole fleet; the contexts are prepared when a history changes, never at a request.
struct DecisionEngine {
    private let fleet: Fleet
    private let model: any ValueModel
    private var contexts: [Prepared?]
    private var features = RecentFeatures(rowsMax: 16_384)

    private struct Prepared {
        let rows: Int
        let saysSomething: Bool
        let plain: any PreparedContext
        let costAware: (any PreparedContext)?
    }

    init(fleet: Fleet, model: any ValueModel) {
        self.fleet = fleet
        self.model = model
        contexts = Array(repeating: nil, count: fleet.models.count)
    }

    /// Prepares a model's history as a context, newest rows last; without rows there is no context. Cost: an embedding of each text not seen
    /// before, and a preparation (two under cost-aware labels).
    mutating func prepare(_ index: Int, rows: [ContextSet.Row]) throws(ValueModelError) {
        let newest = Array(rows.suffix(fleet.historyRows))
        guard !newest.isEmpty, let context = ContextSet(newest) else {
            contexts[index] = nil
            return
        }
        let features = try embed(newest.map(\.text))
        let plain = try model.prepare(context, features: features)
        var labelled: (any PreparedContext)?
        if case .costAware(let beta) = fleet.rule {
            let cost = fleet.expectedCost(of: index, inputTokens: fleet.reference.inputTokens)
            if let other = CostAwareLabels.relabelled(context, beta: beta, relativeCost: fleet.relativeCost(cost)) {
                labelled = try model.prepare(other, features: features)
            }
        }
        contexts[index] = Prepared(
            rows: newest.count, saysSomething: newest.count >= fleet.evidenceRows, plain: plain, costAware: labelled)
    }

    /// Rows of history behind each model.
    var historyRows: [Int] { contexts.map { $0?.rows ?? 0 } }

    /// By text and model. One embedding of all texts, then a prediction a model.
    mutating func estimate(_ texts: [String]) throws(ValueModelError) -> [[ModelEstimate]] {
        let queries = try embed(texts)
        var columns: [[ModelEstimate]] = []
        for context in contexts {
            guard let context else {
                let none = ModelEstimate(prediction: nil, rows: 0, costAwareScore: nil)
                columns.append(Array(repeating: none, count: texts.count))
                continue
            }
            let predictions = try model.predict(queries, in: context.plain)
            let labelled = try context.costAware.map { (other) throws(ValueModelError) in
                try model.predict(queries, in: other)
            }
            columns.append(
                predictions.indices.map { row in
                    ModelEstimate(
                        prediction: predictions[row], rows: context.rows,
                        costAwareScore: labelled.map { Double($0[row].p) })
                })
        }
        return texts.indices.map { row in columns.map { $0[row] } }
    }

    private mutating func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let digests = texts.map { Digest(of: $0) }
        // The texts of histories are used again and again; many prompts in between must not drop them.
        for digest in digests { features.renew(digest) }
        var missing: [Digest: Int] = [:]
        var wanted: [String] = []
        for (digest, text) in zip(digests, texts) where features[digest] == nil && missing[digest] == nil {
            missing[digest] = wanted.count
            wanted.append(text)
        }
        let fresh = try model.embed(wanted)
        var values: [Float] = []
        var isTruncated: [Bool] = []
        for digest in digests {
            if let row = missing[digest] {
                values += fresh.row(row)
                isTruncated.append(fresh.isTruncated[row])
            } else if let kept = features[digest] {
                values += kept.values
                isTruncated.append(kept.isTruncated)
            }
        }
        for (digest, row) in missing {
            features.keep(digest, values: Array(fresh.row(row)), isTruncated: fresh.isTruncated[row])
        }
        return FeatureMatrix(columns: fresh.columns, values: values, isTruncated: isTruncated)
    }
}

/// Features of the texts used last, in two generations: the older one is dropped when the younger one is full.
package struct RecentFeatures {
    private var young: [Digest: (values: [Float], isTruncated: Bool)] = [:]
    private var old: [Digest: (values: [Float], isTruncated: Bool)] = [:]
    private let generationMax: Int

    /// At most so many rows.
    package init(rowsMax: Int) {
        generationMax = max(1, rowsMax / 2)
    }

    /// A text's features, if they are kept.
    package subscript(_ digest: Digest) -> (values: [Float], isTruncated: Bool)? { young[digest] ?? old[digest] }

    /// Marks features as used now.
    package mutating func renew(_ digest: Digest) {
        guard young[digest] == nil, let kept = old[digest] else { return }
        keep(digest, values: kept.values, isTruncated: kept.isTruncated)
    }

    /// Keeps a text's features.
    package mutating func keep(_ digest: Digest, values: [Float], isTruncated: Bool) {
        young[digest] = (values, isTruncated)
        guard young.count >= generationMax else { return }
        old = young
        young = [:]
    }
}
