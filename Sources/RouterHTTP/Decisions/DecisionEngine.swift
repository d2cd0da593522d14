import FeatureStore
import Routing
import Scoring

/// The value model's estimate of one model of the fleet, for one prompt.
struct ModelEstimate: Sendable {
    /// `nil` without a history.
    let prediction: Prediction?
    /// Rows of history behind it.
    let rows: Int
    /// Other policies with an outcome on the prompt; `nil` where no references are used.
    var references: Int?
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
    /// `nil` where the fleet uses none.
    private var references: FleetReferences?

    private struct Prepared {
        let rows: Int
        let plain: any PreparedContext
        let costAware: (any PreparedContext)?
        let known: FleetReferences.Known?
    }

    init(fleet: Fleet, model: any ValueModel, references: ReferenceFiles) {
        self.fleet = fleet
        self.model = model
        self.references = FleetReferences(fleet, files: references)
        embedder = CachedEmbedder(model, cache: TieredFeatureCache(memory: FeatureCache(rowsMax: Self.cachedRowsMax)))
        contexts = Array(repeating: nil, count: fleet.models.count)
    }

    /// Texts whose features are cached.
    private static let cachedRowsMax = 16_384

    /// Prepares the histories of all models: each has the others as references, where the fleet uses them.
    mutating func prepare(all histories: [[ContextSet.Row]]) throws(ValueModelError) {
        for (index, rows) in histories.enumerated() {
            let rows = newest(rows)
            references?.record(index, rows)
        }
        for (index, rows) in histories.enumerated() { try prepare(index, rows: rows) }
    }

    private func newest(_ rows: [ContextSet.Row]) -> [ContextSet.Row] { Array(rows.suffix(fleet.historyRows)) }

    /// Prepares a model's history as a context, newest rows last; without rows there is no context. Cost: an embedding
    /// of each new text, and a preparation (two under cost-aware labels).
    mutating func prepare(_ index: Int, rows: [ContextSet.Row]) throws(ValueModelError) {
        let newest = newest(rows)
        references?.record(index, newest)
        guard !newest.isEmpty, let context = ContextSet(newest) else {
            contexts[index] = nil
            return
        }
        let features = try embedder.embed(newest.map(\.text))
        let known = references?.context(of: index, rows: newest)
        let plain =
            if let known {
                try model.prepare(known.context, features: try embedder.embed(known.context.texts))
            } else {
                try model.prepare(context, features: features)
            }
        var labelled: (any PreparedContext)?
        if case .costAware(let beta) = fleet.rule {
            let cost = fleet.expectedCost(of: index, inputTokens: fleet.reference.inputTokens)
            if let other = CostAwareLabels.relabelled(context, beta: beta, relativeCost: fleet.relativeCost(cost)) {
                labelled = try model.prepare(other, features: features)
            }
        }
        contexts[index] = Prepared(rows: newest.count, plain: plain, costAware: labelled, known: known)
    }

    /// Rows of history behind each model.
    var historyRows: [Int] { contexts.map { $0?.rows ?? 0 } }

    /// By text and model. One embedding of all texts, then a prediction a model.
    mutating func estimate(_ texts: [String]) throws(ValueModelError) -> [[ModelEstimate]] {
        let queries = QuerySet(texts: texts, features: try embedder.embed(texts))
        let digests = references == nil ? [] : texts.map { Digest(of: $0) }
        var columns: [[ModelEstimate]] = []
        for (index, context) in contexts.enumerated() {
            guard let context else {
                let none = ModelEstimate(prediction: nil, rows: 0, costAwareScore: nil)
                columns.append(Array(repeating: none, count: texts.count))
                continue
            }
            let sides = sides(of: texts, digests, model: index, in: context)
            let asked = sides.isEmpty ? queries : QuerySet(texts: texts, features: queries.features, side: sides)
            let predictions = try model.predict(asked, in: context.plain)
            let labelled = try context.costAware.map { (other) throws(ValueModelError) in
                try model.predict(queries, in: other)
            }
            columns.append(
                predictions.indices.map { row in
                    ModelEstimate(
                        prediction: predictions[row], rows: context.rows,
                        references: sides.isEmpty ? nil : sides[row].references.count,
                        costAwareScore: labelled.map { Double($0[row].p) })
                })
        }
        return texts.indices.map { row in columns.map { $0[row] } }
    }

    /// What is known about texts for a model; empty where its context has no references.
    private func sides(
        of texts: [String], _ digests: [Digest], model index: Int, in context: Prepared
    ) -> [SideInformation] {
        guard let references, let known = context.known else { return [] }
        return zip(texts, digests).map { references.side(of: $0, digest: $1, model: index, in: known) }
    }
}
