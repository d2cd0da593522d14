import Corpora
import HTTPServing
import Logging
import Routing
import Scoring
import Synchronization
import Traces

/// Answers the requests of `route serve`: decides, forwards, records outcomes. `RouterRoutes` gives it the paths.
final class RouteService: Sendable {
    /// Options beside the fleet file.
    struct Options: Sendable {
        /// Decide and log, but send everything to the default.
        var isObserving = false
        /// Time for a decision; after that the default model gets the prompt.
        var decisionTime: Duration = .seconds(2)
        /// Models tried for one request.
        var attemptsMax = 3
    }

    let fleet: Fleet
    let options: Options
    let metrics: RouteMetrics
    let recent = RecentDecisions()
    let thread: DecisionThread
    let store: OutcomeStore
    let log: DecisionLog
    let logger: Logger
    let endpoints: Mutex<EndpointStates>
    let sessions: Mutex<SessionTable>
    let watch: Mutex<CalibrationWatch>
    let activity: Mutex<RouteActivity>
    let spending: Spending
    /// By model: rows of its files, and outcomes since its history was prepared.
    let fileRows: [[ContextSet.Row]]
    let unprepared: Mutex<[Int]>
    let chooser: RouteChooser
    let forwarder: Forwarder
    let clock = ContinuousClock()
    private let start = ContinuousClock.now

    /// Seconds since the start of the server.
    var uptime: Double { (clock.now - start) / .seconds(1) }

    init(
        fleet: Fleet, options: Options, thread: DecisionThread, fileRows: [[ContextSet.Row]], store: OutcomeStore,
        log: DecisionLog, spending: Spending, forwarder: Forwarder, spans: SpanMetrics, logger: Logger
    ) {
        metrics = RouteMetrics(spans: spans)
        self.fleet = fleet
        self.options = options
        self.thread = thread
        self.fileRows = fileRows
        self.store = store
        self.log = log
        self.spending = spending
        self.forwarder = forwarder
        self.logger = logger
        endpoints = Mutex(EndpointStates(fleet))
        sessions = Mutex(SessionTable(fleet.sessions))
        watch = Mutex(CalibrationWatch(models: fleet.models.count))
        activity = Mutex(RouteActivity(models: fleet.models.count))
        unprepared = Mutex(Array(repeating: 0, count: fleet.models.count))
        chooser = RouteChooser(fleet)
    }

    /// A decision and what it was made from.
    struct Decided: Sendable {
        var row: DecisionRow
        let decision: RouteDecision
        let text: String?
        /// By model: why it could not be chosen; empty for a request that names its model.
        let exclusions: [RouteCandidate.Exclusion?]
        /// What the session's model has in its prompt cache.
        let known: SessionTable.Known?
    }

    /// Decides for a request. `isNeeded`: an overloaded value model is an error instead of a decision for the default.
    func decide(
        _ request: ChatRequest, rule: RouteRule, caller: Caller, isNeeded: Bool
    ) async throws(RouterHTTPError) -> Decided {
        let start = clock.now
        let span = Span.current?.child("decide")
        var estimates = Array(
            repeating: ModelEstimate(prediction: nil, rows: 0, costAwareScore: nil), count: fleet.models.count)
        var failure: RouteDecision.Reason?
        if let text = request.text {
            do throws(RouterHTTPError) {
                estimates = try await thread.estimate(text, within: options.decisionTime)
            } catch {
                if isNeeded {
                    span?.end(failure: "undecided")
                    throw error
                }
                logger.warning("undecided, sent to the default", metadata: ["reason": "\(error)"])
                failure = .undecided
            }
        } else {
            failure = .unreadablePrompt
        }
        let now = clock.now
        let states = endpoints.withLock { $0 }
        let known = caller.session.flatMap { id in sessions.withLock { $0.known(id, now: now) } }
        let prompt = RouteChooser.Prompt(request, known: known, dollarsLeft: spending.left(caller.client))
        let candidates = chooser.candidates(prompt, estimates: estimates) { states.exclusion($0, now: now) }
        var decision = chooser.decide(candidates, rule: rule)
        if let failure, decision.model != nil {
            // Nothing was predicted, so the rule found no evidence: state the real reason.
            decision = RouteDecision(model: decision.model, reason: failure, ranking: decision.ranking)
        }
        decision = sessions.withLock { $0.decide(decision, known: known, candidates: candidates) }
        var row = DecisionRow(
            id: Self.newID(), promptDigest: prompt.digest, inputTokens: prompt.inputTokens, rule: rule,
            decision: decision, candidates: candidates, fleet: fleet)
        add(request, caller, to: &row)
        metrics.decided(model: row.model, reason: decision.reason, dollars: row.cost, took: clock.now - start)
        span?.end(row)
        activity.withLock { $0.decided(decision, candidates: candidates) }
        return Decided(
            row: row, decision: decision, text: request.text, exclusions: candidates.map(\.exclusion), known: known)
    }

    /// The decision of a request that names its model.
    func named(_ index: Int, _ request: ChatRequest, _ caller: Caller) -> Decided {
        let decision = RouteDecision(model: index, reason: .named, ranking: [index])
        let known = caller.session.flatMap { id in sessions.withLock { $0.known(id, now: clock.now) } }
        let prompt = RouteChooser.Prompt(request, known: known, dollarsLeft: nil)
        var row = DecisionRow(
            id: Self.newID(), promptDigest: prompt.digest, inputTokens: prompt.inputTokens, rule: fleet.rule,
            decision: decision, candidates: [], fleet: fleet)
        add(request, caller, to: &row)
        row.cost = chooser.cost(of: index, prompt)
        metrics.decided(model: row.model, reason: .named, dollars: row.cost, took: .zero)
        activity.withLock { $0.decided(decision, candidates: []) }
        return Decided(row: row, decision: decision, text: request.text, exclusions: [], known: known)
    }

    private func add(_ request: ChatRequest, _ caller: Caller, to row: inout DecisionRow) {
        row.client = caller.client
        row.session = caller.session.map { String($0.prefix(16)) }
        if !request.needs.isEmpty { row.needs = request.needs.sorted() }
    }

    /// What a model's name in a request means.
    enum RequestedModel: Equatable {
        case rule(RouteRule)
        case model(Int)
    }

    /// The beginnings of names that state a rule, after the router's own name.
    private static let namedRules = [("-p", "target"), ("-b", "weighted"), ("-lcb", "lcb")]

    /// `statezero` and no name at all mean the fleet's rule, `statezero-p0.80` a target, `statezero-b0.70` a β,
    /// `statezero-lcb0.70` a β with the lower confidence bound; a model of the fleet is itself. `nil` for any other name.
    func requested(_ name: String?) -> RequestedModel? {
        guard let name, name != Self.ownName, name != "auto" else { return .rule(fleet.rule) }
        if let index = fleet.index(of: name) { return .model(index) }
        for (suffix, rule) in Self.namedRules where name.hasPrefix(Self.ownName + suffix) {
            let number = Double(name.dropFirst(Self.ownName.count + suffix.count)) ?? -1
            if let rule = RouteRule(name: rule, parameter: number) { return .rule(rule) }
        }
        return nil
    }

    /// The router's own name as a model.
    static let ownName = "statezero"

    static func newID() -> String {
        let number = UInt64.random(in: 0...UInt64.max)
        let digits = String(number, radix: 16)
        return "d-" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
