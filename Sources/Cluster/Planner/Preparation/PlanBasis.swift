import OrderedCollections
import Planning
import Scoring
import Wire

/// What a plan's predictions are based on: its request, the histories that it names, and earlier plans of its policy.
///
/// A value that no longer changes, so any thread can prepare the plan by it. The same basis gives the same contexts.
struct PlanBasis: Sendable {
    /// The request, every candidate with its text.
    let request: RequestPlan
    /// Of the policy and of the request's references, those that exist.
    let histories: [String: PolicyHistory]
    /// The policy's plans of earlier steps that are kept, in the order of steps.
    let earlier: [PlanSession]
    /// Whether the workers' model may read side information.
    let readsSide: Bool

    /// The policy's own history.
    var history: PolicyHistory? { histories[request.plan.policyID] }

    /// About the bytes that a preparation reads.
    var bytes: Int {
        request.textBytes + histories.values.reduce(0) { $0 + $1.outcomeBytes }
            + earlier.reduce(0) { $0 + $1.request.candidates.count * 64 }
    }

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
    func contexts(_ known: PlanSide?) -> [DrawnContext] {
        let version = request.policyVersion ?? request.plan.step
        let own = Set(request.candidates.lazy.map { TextKey($0.text) }.filter { history?.knows($0) == true })
        let all = Array(request.candidates.indices)
        if request.context.includesOwn || own.isEmpty {
            return [draw(known, at: version, candidates: all) { _ in false }]
        }
        let others = history?.rows(at: version, without: own.contains) ?? []
        if others.count >= request.context.rows {
            return [draw(known, at: version, candidates: all, isExcluded: own.contains)]
        }
        let isOdd = { (key: TextKey) in key.digest.bytes[31] & 1 == 1 }
        return [false, true].compactMap { half in
            let candidates = all.filter { isOdd(TextKey(request.candidates[$0].text)) == half }
            guard !candidates.isEmpty else { return nil }
            return draw(known, at: version, candidates: candidates) { key in
                own.contains(key) && isOdd(key) == half
            }
        }
    }

    /// What the plan knows beside texts; `nil` if nothing, or if the workers' model reads texts only.
    var side: PlanSide? {
        guard readsSide else { return nil }
        let question = PlanSide.Question(
            policyID: request.plan.policyID, version: request.policyVersion ?? request.plan.step,
            references: request.references, prompts: request.candidates)
        return PlanSide(question, after: earlier.flatMap(\.request.candidates)) { histories[$0] }
    }

    private func draw(
        _ known: PlanSide?, at version: Int, candidates: [Int], isExcluded: (TextKey) -> Bool
    ) -> DrawnContext {
        let rows = history?.rows(at: version, without: isExcluded) ?? []
        let context = Self.context(request.context, of: rows, salt: "\(request.plan)")
        let drawn = context.rows.map(\.text)
        let newest = drawn.lazy.compactMap { history?.rowAge(of: $0, at: version) }.min()
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

extension RequestPlan {
    /// About the bytes of its texts and ids in memory. Cost: constant for a candidate.
    var textBytes: Int {
        candidates.reduce(0) { $0 + $1.text.utf8.count + $1.promptID.utf8.count + 256 }
            + outcomes.textBytes
    }
}

extension [GroupOutcome] {
    /// About the bytes of their texts and rewards in memory. Cost: constant for an outcome.
    var textBytes: Int { reduce(0) { $0 + $1.text.utf8.count + $1.rewards.count * 8 + 256 } }
}
