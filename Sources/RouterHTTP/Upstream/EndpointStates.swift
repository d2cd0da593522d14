package import Routing

/// Which endpoints may be used now. A plain value: callers report what happened and when, so tests control time.
package struct EndpointStates {
    private struct State {
        var underWay = 0
        /// Starts of the last 60 seconds, oldest first; kept only where a limit needs them.
        var starts: [ContinuousClock.Instant] = []
        var coolsUntil: ContinuousClock.Instant?
    }

    private let models: [FleetModel]
    private var states: [State]

    /// All endpoints are free.
    package init(_ fleet: Fleet) {
        models = fleet.models
        states = fleet.models.map { _ in State() }
    }

    /// Why a model cannot be used now; `nil` when it can.
    package func exclusion(_ index: Int, now: ContinuousClock.Instant) -> RouteCandidate.Exclusion? {
        let state = states[index]
        if let until = state.coolsUntil, until > now { return .coolingDown }
        if let most = models[index].limits.concurrent, state.underWay >= most { return .atLimit }
        if let most = models[index].limits.requestsPerMinute,
            state.starts.count(where: { now - $0 < .seconds(60) }) >= most
        {
            return .atLimit
        }
        return nil
    }

    /// Begins a request; `false` where the model cannot be used. Checks and counts in one step, so that simultaneous requests
    /// cannot all pass a limit of one.
    package mutating func begin(_ index: Int, now: ContinuousClock.Instant) -> Bool {
        guard exclusion(index, now: now) == nil else { return false }
        states[index].underWay += 1
        if models[index].limits.requestsPerMinute != nil {
            states[index].starts.removeAll { now - $0 >= .seconds(60) }
            states[index].starts.append(now)
        }
        return true
    }

    /// A request ended.
    package mutating func end(_ index: Int) {
        precondition(states[index].underWay > 0, "a request to \(models[index].name) ended that was never begun")
        states[index].underWay -= 1
    }

    /// The endpoint failed: it is not used for its cooldown, or for as long as it asks, at most an hour.
    package mutating func failed(_ index: Int, now: ContinuousClock.Instant, retryAfter: Duration? = nil) {
        let pause = min(max(models[index].cooldown, retryAfter ?? .zero), .seconds(3600))
        states[index].coolsUntil = max(now + pause, states[index].coolsUntil ?? now)
    }

    /// It answered, which ends its cooldown.
    package mutating func succeeded(_ index: Int) {
        states[index].coolsUntil = nil
    }

    /// Requests under way, by model.
    package var underWay: [Int] { states.map(\.underWay) }

    /// Seconds after which it is worth asking again, at least 1.
    package func retryAfter(now: ContinuousClock.Instant) -> Int {
        let waits = states.compactMap { state in state.coolsUntil.map { ($0 - now) / .seconds(1) } }.filter { $0 > 0 }
        return max(1, Int((waits.min() ?? 1).rounded(.up)))
    }
}
