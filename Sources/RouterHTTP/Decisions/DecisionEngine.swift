import FeatureStore
import Routing
import Scoring

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
    private var embedder: CachedEmbedder

    private struct Prepared {
        let rows: Int
        let plain: any PreparedContext
        let costAware: (any PreparedContext)?
    }

    init(fleet: Fleet, model: any ValueModel) {
        self.fleet = fleet
        self.model = model
        embedder = CachedEmbedder(model, cache: TieredFeatureCache(memory: FeatureCache(rowsMax: Self.cachedRowsMax)))
        contexts = Array(repeating: nil, count: fleet.models.count)
    }

    /// Texts whose features are cached.
    private static let cachedRowsMax = 16_384

    /// Prepares a model's history as a context, newest rows last; without rows there is no context. Cost: an embedding
    /// of each new text, and a preparation (two under cost-aware labels).
    mutating func prepare(_ index: Int, rows: [ContextSet.Row]) throws(ValueModelError) {
        let newest = Array(rows.suffix(fleet.historyRows))
        guard !newest.isEmpty, let context = ContextSet(newest) else {
            contexts[index] = nil
            return
        }
        let features = try embedder.embed(newest.map(\.text))
        let plain = try model.prepare(context, features: features)
        var labelled: (any PreparedContext)?
        if case .costAware(let beta) = fleet.rule {
            let cost = fleet.expectedCost(of: index, inputTokens: fleet.reference.inputTokens)
            if let other = CostAwareLabels.relabelled(context, beta: beta, relativeCost: fleet.relativeCost(cost)) {
                labelled = try model.prepare(other, features: features)
            }
        }
        contexts[index] = Prepared(rows: newest.count, plain: plain, costAware: labelled)
    }

    /// Rows of history behind each model.
    var historyRows: [Int] { contexts.map { $0?.rows ?? 0 } }

    /// By text and model. One embedding of all texts, then a prediction a model.
    mutating func estimate(_ texts: [String]) throws(ValueModelError) -> [[ModelEstimate]] {
        let queries = QuerySet(texts: texts, features: try embedder.embed(texts))
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
}
