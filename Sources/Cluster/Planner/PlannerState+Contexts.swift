import OrderedCollections
import Planning
import Scoring
import Wire

// Contexts: which rows of a policy's history its predictions are based on.

extension PlannerState {
    /// A context set and the candidates that are predicted under it.
    struct DrawnContext {
        let block: ContextBlock
        /// By index in the request.
        let candidates: [Int]
        /// What is known about the candidates beside their texts, in their order; empty if nothing is used.
        let side: [SideInformation]
        /// Steps between its newest outcome and the weights; `nil` without rows.
        let staleness: Int?
        /// Steps by which an outcome of it is later than the weights.
        let ahead: Int
    }

    /// The contexts of a plan. No prompt's own outcomes may be in the context that predicts it. There is one context
    /// when the history has enough rows of other prompts; else two, each without the outcomes of the half of the
    /// prompts that it predicts. Halves are by digest, so a prompt is always in the same one.
    ///
    /// The same history and request give the same contexts. `known` is `side(of: request)`.
    func contexts(for request: RequestPlan, _ known: PlanSide?) -> [DrawnContext] {
        let history = histories[request.plan.policyID]
        let version = request.policyVersion ?? request.plan.step
        let own = Set(request.candidates.lazy.map(\.text).filter { history?.knows($0) == true })
        let all = Array(request.candidates.indices)
        if request.context.includesOwn || own.isEmpty {
            return [draw(request, history, known, at: version, candidates: all) { _ in false }]
        }
        let others = history?.rows(at: version, without: own.contains) ?? []
        if others.count >= request.context.rows {
            return [draw(request, history, known, at: version, candidates: all, isExcluded: own.contains)]
        }
        let isOdd = { (text: String) in Digest(of: text).bytes[31] & 1 == 1 }
        return [false, true].compactMap { half in
            let candidates = all.filter { isOdd(request.candidates[$0].text) == half }
            guard !candidates.isEmpty else { return nil }
            return draw(request, history, known, at: version, candidates: candidates) { text in
                own.contains(text) && isOdd(text) == half
            }
        }
    }

    /// What a plan knows beside texts; `nil` if nothing, or if the workers' model reads texts only.
    func side(of request: RequestPlan) -> PlanSide? {
        if let model = predictions.model, textOnlyModels.contains(model.digest) { return nil }
        let question = PlanSide.Question(
            policyID: request.plan.policyID, version: request.policyVersion ?? request.plan.step,
            references: request.references, prompts: request.candidates)
        return PlanSide(question, after: keptCandidates(of: request.plan.policyID) { $0 < request.plan }) {
            histories[$0]
        }
    }

    /// The prompts of a policy's plans that are kept, in the order of steps.
    func keptCandidates(of policyID: String, where isWanted: (PlanName) -> Bool = { _ in true }) -> [PlanCandidate] {
        let kept = sessions.filter { $0.key.policyID == policyID && isWanted($0.key) }
        return kept.sorted { $0.key < $1.key }.flatMap(\.value.request.candidates)
    }

    private func draw(
        _ request: RequestPlan, _ history: PolicyHistory?, _ known: PlanSide?, at version: Int, candidates: [Int],
        isExcluded: (String) -> Bool
    ) -> DrawnContext {
        let choice = request.context
        let rows = history?.rows(at: version, without: isExcluded) ?? []
        let context = Self.context(choice, of: rows, salt: "\(request.plan)")
        let drawn = Set(context.rows.map(\.text))
        let newest = rows.lazy.filter { drawn.contains($0.text) }.map(\.age).min()
        let staleness = newest.map { Int($0) }
        let latest = drawn.lazy.compactMap { history?.version(of: $0) }.max()
        let ahead = latest.map { min(max(0, $0 - version), Int(UInt32.max)) } ?? 0
        guard let known else {
            return DrawnContext(
                block: ContextBlock(context), candidates: candidates, side: [], staleness: staleness, ahead: ahead)
        }
        let joined = known.context(
            context.rows.map { ($0, history?.version(of: $0.text) ?? version) },
            queries: candidates.map { request.candidates[$0].text }, at: version)
        return DrawnContext(
            block: ContextBlock(joined.context), candidates: candidates, side: joined.queries, staleness: staleness,
            ahead: ahead)
    }

    /// A context set drawn from rows; another salt, another draw.
    static func context(_ choice: ContextChoice, of rows: [ContextSelection.Row], salt: String) -> ContextSet {
        let method: ContextSelection.Method =
            switch choice.selection {
            case .uniform: .uniform
            case .recent: .recent
            case .stratified: .stratified
            case .prototypes: .prototypes
            }
        let seed = Digest(of: "context/1 \(choice.seed) \(salt)").leading
        let drawn = ContextSelection(method, count: min(choice.rows, ContextSet.rowsMax), seed: seed).draw(from: rows)
        guard let context = ContextSet(drawn) else {
            preconditionFailure("\(drawn.count) rows were drawn, at most \(ContextSet.rowsMax) may be")
        }
        return context
    }
}
