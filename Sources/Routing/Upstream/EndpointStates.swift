/// Which endpoints may be used now. A plain value: callers report what happened and when, so tests control time.
///
/// An endpoint is paused in two cases. It asked for it, or no request can succeed (`UpstreamFailure.isOfEndpoint`): then
/// at once. Or several different prompts failed within a window, and failures are a large share of its results
/// (`FleetModel.FailureLimit`). One prompt that every endpoint answers with 500 therefore pauses none of them, however
/// often it is repeated. Errors that clients cause, and clients that leave, are no results.
public struct EndpointStates: Sendable {
    /// The caller's clock.
    public typealias Instant = ContinuousClock.Instant

    private struct State {
        var inFlight = 0
        /// Starts of the last 60 seconds, oldest first; kept only where a limit needs them.
        var starts: [Instant] = []
        /// Newest results, oldest first.
        var results: [Result] = []
        var pause: Pause?
    }

    private struct Result {
        let time: Instant
        /// The prompt that failed; `nil` for a success.
        let failed: Int?
    }

    private struct Pause {
        let until: Instant
        let cause: Cause

        enum Cause { case failures, asked, rateLimited }
    }

    private let models: [FleetModel]
    private var states: [State]

    /// Results kept of an endpoint, so that memory and time are bounded at any rate of requests.
    private static let resultsMax = 256
    /// Longest pause: an endpoint that asks for a year is tried again after an hour.
    private static let pauseMax = Duration.seconds(3600)
    /// Wait for a place at an endpoint; nobody knows when a request in flight will end.
    private static let placeWait = Duration.seconds(1)

    /// All endpoints are free.
    public init(_ fleet: Fleet) {
        models = fleet.models
        states = fleet.models.map { _ in State() }
    }

    /// Why a model cannot be used now; `nil` when it can.
    public func exclusion(_ index: Int, now: Instant) -> RouteCandidate.Exclusion? {
        let state = states[index]
        if let pause = state.pause, pause.until > now {
            return pause.cause == .rateLimited ? .rateLimited : .coolingDown
        }
        let limits = models[index].limits
        if let most = limits.concurrent, state.inFlight >= most { return .atLimit }
        if let most = limits.requestsPerMinute, Self.lastMinute(state.starts, now).count >= most { return .atLimit }
        return nil
    }

    /// How long a model cannot be used; 0 when it can be used now.
    public func wait(_ index: Int, now: Instant) -> Duration {
        guard let exclusion = exclusion(index, now: now) else { return .zero }
        let state = states[index]
        if exclusion != .atLimit, let pause = state.pause { return pause.until - now }
        let limits = models[index].limits
        var wait = Duration.zero
        if let most = limits.concurrent, state.inFlight >= most { wait = Self.placeWait }
        let starts = Self.lastMinute(state.starts, now)
        if let most = limits.requestsPerMinute, starts.count >= most {
            // One more may start when fewer than `most` of the starts are within the minute.
            let decisive = starts[starts.index(starts.startIndex, offsetBy: starts.count - most)]
            wait = max(wait, decisive + .seconds(60) - now)
        }
        return wait
    }

    /// Seconds after which one of these models may be used, rounded up, at least 1.
    public func retryAfter(_ indices: some Sequence<Int>, now: Instant) -> Int {
        let shortest = indices.map { wait($0, now: now) }.min() ?? .zero
        return max(1, Int((shortest / .seconds(1)).rounded(.up)))
    }

    /// Begins a request; `false` where the model cannot be used. Checks and counts in one step, so that simultaneous
    /// requests cannot all pass a limit of one.
    public mutating func begin(_ index: Int, now: Instant) -> Bool {
        guard exclusion(index, now: now) == nil else { return false }
        states[index].inFlight += 1
        if models[index].limits.requestsPerMinute != nil {
            states[index].starts = Array(Self.lastMinute(states[index].starts, now)) + [now]
        }
        return true
    }

    /// A request ended, whatever its result: its place is free.
    public mutating func end(_ index: Int) {
        precondition(states[index].inFlight > 0, "a request to \(models[index].name) ended that was never begun")
        states[index].inFlight -= 1
    }

    /// A request failed. `prompt` is the same number for the same prompt.
    public mutating func failed(_ index: Int, _ failure: UpstreamFailure, prompt: Int, now: Instant) {
        add(Result(time: now, failed: prompt), to: index)
        if let asked = failure.retryAfter {
            return pause(index, for: asked, failure.reason == .rateLimited ? .rateLimited : .asked, now)
        }
        if failure.reason == .rateLimited { return pause(index, for: models[index].cooldown, .rateLimited, now) }
        guard failure.isOfEndpoint || isBeyondLimit(index, now) else { return }
        pause(index, for: models[index].cooldown, .failures, now)
    }

    /// A request was answered. It ends a pause that the endpoint did not ask for, unless too large a share still fails.
    public mutating func succeeded(_ index: Int, now: Instant) {
        add(Result(time: now, failed: nil), to: index)
        guard states[index].pause?.cause == .failures, !isBeyondLimit(index, now) else { return }
        states[index].pause = nil
    }

    /// Requests in flight, by model.
    public var inFlight: [Int] { states.map(\.inFlight) }

    private mutating func pause(_ index: Int, for time: Duration, _ cause: Pause.Cause, _ now: Instant) {
        let until = now + min(max(time, .zero), Self.pauseMax)
        if let old = states[index].pause, old.until >= until { return }
        states[index].pause = Pause(until: until, cause: cause)
    }

    private mutating func add(_ result: Result, to index: Int) {
        let window = models[index].failureLimit.window
        states[index].results.removeAll { result.time - $0.time > window }
        if states[index].results.count >= Self.resultsMax { states[index].results.removeFirst() }
        states[index].results.append(result)
    }

    private func isBeyondLimit(_ index: Int, _ now: Instant) -> Bool {
        let limit = models[index].failureLimit
        let results = states[index].results.filter { now - $0.time <= limit.window }
        let failed = results.compactMap(\.failed)
        // A prompt that is repeated counts once, as a failure and in the total.
        let prompts = Set(failed).count
        let total = results.count - failed.count + prompts
        return prompts >= limit.prompts && Double(prompts) >= limit.share * Double(total)
    }

    private static func lastMinute(_ starts: [Instant], _ now: Instant) -> ArraySlice<Instant> {
        starts.drop { now - $0 >= .seconds(60) }
    }
}
