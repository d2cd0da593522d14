import Scoring
import Wire

/// Work of the planner that takes long for many or long texts, and needs nothing but what it has.
///
/// The machine returns it as an action where it is large. The driver runs it on another thread, and gives the machine
/// its result as an event, in the order of its tenant's work; a plan does not depend on it. Small work is done at once, by the same functions.
public struct PlannerWork: Sendable {
    enum Kind: Sendable {
        case check(RequestPlan, from: Peer, arrived: Instant)
        /// Nothing: the message is handled behind what its sender sent before.
        case hold(Message, from: Peer, arrived: Instant)
        case prepare(PlanPreparation)
        case predict(PlanBasis, version: Int, missing: Set<Int>)
        case draw(ScoreDraw)
        case settle(SettlementWork)
    }

    let kind: Kind
    /// About the bytes that it keeps in memory until its result is handled.
    let bytes: Int
    /// Whose planner it is for.
    package let tenant: String?

    /// The trainer whose message it holds; `nil` for other work.
    var sender: Peer? {
        switch kind {
        case .check(_, let peer, _), .hold(_, let peer, _): peer
        case .prepare, .predict, .draw, .settle: nil
        }
    }

    /// What the machine is given when the work is done.
    public struct Result: Sendable {
        enum Value: Sendable {
            case checked(CheckedRequest, from: Peer, arrived: Instant)
            case held(Message, from: Peer, arrived: Instant)
            case prepared(PreparedPlan)
            case predictions(PlanName, PreparedPredictions)
            case drawn(ScoreDraw.Drawn)
            case settled(SettledPlan)
        }

        let value: Value
        let bytes: Int
        let sender: Peer?
        let tenant: String?
    }

    /// Does the work. Any thread may do it. Cost: up to some ten milliseconds a megabyte of texts.
    public func run() -> Result {
        let value: Result.Value =
            switch kind {
            case .check(let request, let peer, let arrived):
                .checked(CheckedRequest(request), from: peer, arrived: arrived)
            case .hold(let message, let peer, let arrived): .held(message, from: peer, arrived: arrived)
            case .prepare(let preparation): .prepared(preparation.run())
            case .predict(let basis, let version, let missing):
                .predictions(basis.request.plan, Self.predictions(basis, version, missing))
            case .draw(let draw): .drawn(draw.run())
            case .settle(let settlement): .settled(settlement.run())
            }
        return Result(value: value, bytes: bytes, sender: sender, tenant: tenant)
    }

    private static func predictions(_ basis: PlanBasis, _ version: Int, _ missing: Set<Int>) -> PreparedPredictions {
        let known = basis.side
        return basis.predictions(of: basis.contexts(known), known, version: version, missing: missing)
    }
}

/// Draws the context of a request for scores from the policy's history, and divides its texts into shards.
struct ScoreDraw: Sendable {
    /// The planner's number of the request.
    let number: UInt64
    let request: RequestScores
    let texts: [String]
    let history: PolicyHistory?
    /// Histories of the policies that the request names.
    let references: [String: PolicyHistory]

    struct Drawn: Sendable {
        let number: UInt64
        let context: ContextBlock
        /// What each prediction is based on; empty where only texts are used.
        let evidence: [Evidence]
        let shards: [PredictionQueue.Shard]
        let policy: Policy
    }

    /// About the bytes that it reads.
    var bytes: Int {
        request.texts.bytes.count + (request.context == nil ? history?.outcomeBytes ?? 0 : 0) + texts.count * 64
            + references.values.reduce(0) { $0 + $1.outcomeBytes }
    }

    func run() -> Drawn {
        let rows = texts.enumerated().map { (row: $0.offset, text: $0.element) }
        guard let known = side, let joined = joined(known) else {
            return Drawn(
                number: number, context: request.context ?? ContextBlock(drawnContext), evidence: [],
                shards: PredictionQueue.shards(rows), policy: request.policy)
        }
        let context = ContextBlock(joined.context)
        return Drawn(
            number: number, context: context,
            evidence: joined.queries.map { known.evidence($0, contextRows: context.count, hasOwn: false) },
            shards: PredictionQueue.shards(rows, side: (joined.queries, known.schema)), policy: request.policy)
    }

    private var version: Int { request.policy.version ?? history?.latestVersion ?? 0 }

    /// What the request knows beside texts; `nil` if it names nothing.
    private var side: PlanSide? {
        guard request.usesSide else { return nil }
        let named = texts + (request.context?.contextSet?.rows.map(\.text) ?? [])
        let prompts = named.enumerated().map { row, text in
            let facts = request.facts(at: row)
            return PlanCandidate(
                promptID: "", text: text, covariates: facts.covariates, references: facts.references)
        }
        let question = PlanSide.Question(
            policyID: request.policy.id, version: version, references: request.references, prompts: prompts)
        return PlanSide(question, after: []) { $0 == request.policy.id ? history : references[$0] }
    }

    /// The context with side information; `nil` where that of the request cannot be read.
    private func joined(_ known: PlanSide) -> PlanSide.Joined? {
        if let given = request.context {
            guard let rows = given.contextSet?.rows else { return nil }
            return known.context(rows.map { ($0, version) }, queries: texts, at: version)
        }
        let rows = drawnContext.rows.map { ($0, history?.version(of: $0.text) ?? version) }
        return known.context(rows, queries: texts, at: version)
    }

    /// A context from the policy's history, without the queries' own outcomes unless the request allows them.
    private var drawnContext: ContextSet {
        let queries = Set(texts.map(TextKey.init))
        let rows =
            history?.rows(at: version) { !request.choice.includesOwn && queries.contains($0) } ?? []
        return PlanBasis.context(request.choice, of: rows, salt: "\(request.policy)")
    }
}
