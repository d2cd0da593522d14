/// Decisions per second: of the last seconds, and of the last minutes in steps. Fed every second; memory is constant.
struct DecisionRates: Sendable {
    /// Seconds of a step.
    static let stepSeconds = 5
    private static let stepsMax = 180
    private static let recentMax = 6

    /// Decisions per second by step, oldest first.
    private(set) var steps: [Double] = []
    private var recent: [Int] = []
    private var ticks = 0
    private var stepStart = 0

    /// Adds the number of decisions since the start; called once a second.
    mutating func add(_ decisions: Int) {
        if recent.isEmpty { stepStart = decisions }
        recent.append(decisions)
        if recent.count > Self.recentMax { recent.removeFirst() }
        ticks += 1
        guard ticks % Self.stepSeconds == 0 else { return }
        steps.append(Double(decisions - stepStart) / Double(Self.stepSeconds))
        if steps.count > Self.stepsMax { steps.removeFirst() }
        stepStart = decisions
    }

    /// Decisions per second over the last seconds.
    var now: Double {
        guard let first = recent.first, let last = recent.last, recent.count > 1 else { return 0 }
        return Double(last - first) / Double(recent.count - 1)
    }
}
