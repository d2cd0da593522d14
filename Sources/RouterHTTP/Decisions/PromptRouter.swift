public import Routing
public import Scoring

/// Decides for prompts in this process, without a server. Belongs to the thread that made its value model.
public struct PromptRouter {
    private let fleet: Fleet
    private let chooser: RouteChooser
    private var engine: DecisionEngine

    /// Prepares a context for each model that has a history. Cost: an embedding of each distinct text of the histories,
    /// and a preparation a model. Throws `valueModel`.
    public init(
        _ fleet: Fleet, histories: [[ContextSet.Row]], references: ReferenceFiles = .none, model: any ValueModel
    ) throws(RouterHTTPError) {
        self.fleet = fleet
        chooser = RouteChooser(fleet)
        engine = DecisionEngine(fleet: fleet, model: model, references: references)
        do throws(ValueModelError) {
            try engine.prepare(all: histories)
        } catch {
            throw .valueModel(error)
        }
    }

    /// Decides for prompts, in their order; each is embedded once for the whole fleet.
    public mutating func decide(_ prompts: [Prompt], rule: RouteRule? = nil) throws(RouterHTTPError) -> [DecisionRow] {
        let estimates: [[ModelEstimate]]
        do throws(ValueModelError) {
            estimates = try engine.estimate(prompts.map(\.text))
        } catch {
            throw .valueModel(error)
        }
        return zip(prompts, estimates).map { Self.row($0, $1, rule: rule, chooser: chooser, fleet: fleet) }
    }

    /// Decides for one prompt by a cluster's predictions: by model, a prediction or nothing. `sides` are the references that
    /// the predictions rest on.
    public static func decide(
        _ prompt: Prompt, predictions: [Prediction?], historyRows: [Int], sides: FleetSides? = nil, fleet: Fleet,
        rule: RouteRule? = nil
    ) -> DecisionRow {
        let estimates = predictions.indices.map { model in
            let hasReferences = sides?.context(of: model) != nil
            return ModelEstimate(
                prediction: predictions[model], rows: historyRows[model],
                references: hasReferences ? sides?.side(of: prompt, model: model).references.count : nil,
                costAwareScore: nil)
        }
        return row(prompt, estimates, rule: rule, chooser: RouteChooser(fleet), fleet: fleet)
    }

    private static func row(
        _ prompt: Prompt, _ estimates: [ModelEstimate], rule: RouteRule?, chooser: RouteChooser, fleet: Fleet
    ) -> DecisionRow {
        let known = RouteChooser.Prompt(
            id: prompt.id, digest: prompt.digest.hex, inputTokens: TokenEstimate.tokens(of: prompt.text))
        let candidates = chooser.candidates(known, estimates: estimates)
        let decision = chooser.decide(candidates, rule: rule)
        return DecisionRow(
            // The id of a corpus' decision comes from its prompt, so equal runs give equal bytes.
            id: "c-\(known.digest?.prefix(16) ?? "")", promptID: prompt.id, promptDigest: known.digest,
            inputTokens: known.inputTokens, rule: rule ?? fleet.rule, decision: decision, candidates: candidates,
            fleet: fleet)
    }
}
