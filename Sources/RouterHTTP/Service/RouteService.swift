import Corpora
import Logging
import Routing
import Scoring
import Synchronization

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
    let metrics = RouteMetrics()
    let recent = RecentDecisions()
    let thread: DecisionThread
    let store: OutcomeStore
    let log: DecisionLog
    let logger: Logger
    let endpoints: Mutex<EndpointStates>
    /// By model: rows of its files, and outcomes since its history was prepared.
    let fileRows: [[ContextSet.Row]]
    let unprepared: Mutex<[Int]>
    let chooser: RouteChooser
    let forwarder: Forwarder
    let clock = ContinuousClock()

    init(
        fleet: Fleet, options: Options, thread: DecisionThread, fileRows: [[ContextSet.Row]], store: OutcomeStore,
        log: DecisionLog, forwarder: Forwarder, logger: Logger
    ) {
        self.fleet = fleet
        self.options = options
        self.thread = thread
        self.fileRows = fileRows
        self.store = store
        self.log = log
        self.forwarder = forwarder
        self.logger = logger
        endpoints = Mutex(EndpointStates(fleet))
        unprepared = Mutex(Array(repeating: 0, count: fleet.models.count))
        chooser = RouteChooser(fleet)
    }

    /// A decision and what it was made from.
    struct Decided: Sendable {
        var row: DecisionRow
        let decision: RouteDecision
        let text: String?
        var dollars: Double? { row.cost }
    }

    /// Decides for a request. `isNeeded`: an overloaded value model is an error instead of a decision for the default.
    func decide(_ request: ChatRequest, rule: RouteRule, isNeeded: Bool) async throws(RouterHTTPError) -> Decided {
        let start = clock.now
        let text = request.text
        let prompt = RouteChooser.Prompt(
            digest: text.map { Digest(of: $0).hex },
            inputTokens: text.map { TokenEstimate.tokens(of: $0) } ?? 0, outputTokensMax: request.outputTokensMax)
        var estimates = Array(
            repeating: ModelEstimate(prediction: nil, rows: 0, costAwareScore: nil), count: fleet.models.count)
        var failure: RouteDecision.Reason?
        if let text {
            do throws(RouterHTTPError) {
                estimates = try await thread.estimate(text, within: options.decisionTime)
            } catch {
                if isNeeded { throw error }
                logger.warning("undecided, sent to the default", metadata: ["reason": "\(error)"])
                failure = .undecided
            }
        } else {
            failure = .unreadablePrompt
        }
        let now = clock.now
        let states = endpoints.withLock { $0 }
        let candidates = chooser.candidates(prompt, estimates: estimates) { states.exclusion($0, now: now) }
        var decision = chooser.decide(candidates, rule: rule)
        if let failure, decision.model != nil {
            // Nothing was predicted, so the rule found no evidence: state the real reason.
            decision = RouteDecision(model: decision.model, reason: failure, ranking: decision.ranking)
        }
        let row = DecisionRow(
            id: Self.newID(), promptDigest: prompt.digest, inputTokens: prompt.inputTokens, rule: rule,
            decision: decision, candidates: candidates, fleet: fleet)
        metrics.decided(model: row.model, reason: decision.reason, dollars: row.cost, took: clock.now - start)
        return Decided(row: row, decision: decision, text: text)
    }

    /// What a model's name in a request means.
    enum RequestedModel: Equatable {
        case rule(RouteRule)
        case model(Int)
    }

    /// `statezero` and no name at all mean the fleet's rule, `statezero-p0.80` a target, `statezero-b0.70` a β; a model of
    /// the fleet is itself. `nil` for any other name.
    func requested(_ name: String?) -> RequestedModel? {
        guard let name, name != Self.ownName, name != "auto" else { return .rule(fleet.rule) }
        if let index = fleet.index(of: name) { return .model(index) }
        for (prefix, rule) in [("\(Self.ownName)-p", "target"), ("\(Self.ownName)-b", "weighted")]
        where name.hasPrefix(prefix) {
            let number = Double(name.dropFirst(prefix.count)) ?? -1
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
