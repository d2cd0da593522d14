import Scoring

/// A share of the step for prompts that are predicted hopeless or solved, so that wrong predictions are found out.
///
/// A prompt that gets no rollouts is never seen again, and what the next prediction learns from would be chosen by this
/// one. So prompts with a mean beyond the thresholds together get at least `share` of the total, or as much as an even
/// share would give them if that is less. Some of them, chosen by a hash of policy, step and prompt, are raised to the
/// even share; over the steps everyone has a turn.
public struct Exploration: Hashable, Sendable {
    /// What the prompt is explored in spite of.
    public enum Verdict: Hashable, Sendable {
        /// Its predicted success probability is below `hopelessBelow`.
        case hopeless
        /// Its predicted success probability is above `solvedAbove`.
        case solved
    }

    /// Share of the total, in [0, 1].
    public let share: Double
    /// A belief with a mean below this is hopeless.
    public let hopelessBelow: Double
    /// A belief with a mean above this is solved.
    public let solvedAbove: Double
    /// Decides whose turn it is.
    public let seed: UInt64

    /// Throws `settingOutOfRange` naming what is not in [0, 1].
    public init(
        share: Double, hopelessBelow: Double = 0.05, solvedAbove: Double = 0.95, seed: UInt64 = 0
    ) throws(PlanningError) {
        for (name, value) in [
            ("exploration share", share), ("hopeless below", hopelessBelow), ("solved above", solvedAbove),
        ] where !(value >= 0 && value <= 1) {
            throw .settingOutOfRange(name: name, value: value, range: 0...1)
        }
        self.share = share
        self.hopelessBelow = hopelessBelow
        self.solvedAbove = solvedAbove
        self.seed = seed
    }

    /// The seed of a policy's step.
    public static func seed(policyID: String, step: Int) -> UInt64 {
        Digest(of: "explore/1 \(step) \(policyID)").leading
    }

    /// What a belief says of its prompt; `nil` in between.
    public func verdict(_ belief: Belief) -> Verdict? {
        belief.mean < hopelessBelow ? .hopeless : belief.mean > solvedAbove ? .solved : nil
    }

    /// Place of a prompt in the order of turns.
    func turn(of promptID: String) -> UInt64 { StableHash(of: promptID, seed: seed).mixed }

    /// Rollouts that the unlikely prompts are to have together.
    func target(total: Int, prompts: Int, unlikely: Int) -> Int {
        let even = Double(total) * Double(unlikely) / Double(prompts)
        return Int(min(share * Double(total), even).rounded(.up))
    }

    /// The size that an explored prompt is raised to: the even share, or the smallest group that is one.
    static func size(_ sizes: GroupSizes, total: Int, prompts: Int) -> Int {
        let even = sizes.place(atMost: total / prompts)
        let least = sizes.place(atLeast: 1)
        return sizes.values[max(0, min(max(even, least), sizes.values.count - 1))]
    }
}

/// Floors of prompts, with those whose turn it is to be explored raised.
struct ExplorationFloors {
    /// By rank: places of floor and cap.
    private(set) var places: [ClosedRange<Int>]
    /// Raised ranks, in the order of their turns.
    private(set) var raised: [Int] = []

    private let given: [ClosedRange<Int>]

    /// Raises floors until the unlikely prompts' add up to the target, or the total affords no more.
    ///
    /// - Parameters:
    ///   - ids: By rank: the prompt's id.
    ///   - places: By rank: places of floor and cap so far.
    init(
        _ exploration: Exploration, beliefs: [Belief], id: (Int) -> String, places: [ClosedRange<Int>],
        sizes: GroupSizes, total: Int
    ) {
        given = places
        self.places = places
        let unlikely = beliefs.indices.filter { exploration.verdict(beliefs[$0]) != nil }
        guard exploration.share > 0, !unlikely.isEmpty else { return }
        let target = exploration.target(total: total, prompts: beliefs.count, unlikely: unlikely.count)
        let size = Exploration.size(sizes, total: total, prompts: beliefs.count)
        var spent = unlikely.reduce(0) { $0 + sizes.values[places[$1].lowerBound] }
        var left = total - places.reduce(0) { $0 + sizes.values[$1.lowerBound] }
        let turns = unlikely.map { (turn: exploration.turn(of: id($0)), rank: $0) }.sorted { $0 < $1 }
        for (_, rank) in turns {
            guard spent < target else { return }
            let place = min(sizes.place(atLeast: size), places[rank].upperBound)
            let more = sizes.values[place] - sizes.values[places[rank].lowerBound]
            guard more > 0, more <= left else { continue }
            self.places[rank] = place...places[rank].upperBound
            raised.append(rank)
            spent += more
            left -= more
        }
    }

    /// A problem with as many floors raised as leave a way to the total; with irregular sizes not all may.
    static func raising(
        _ exploration: Exploration, beliefs: [Belief], id: (Int) -> String, places: [ClosedRange<Int>],
        sizes: GroupSizes, total: Int, make: ([ClosedRange<Int>]) throws(PlanningError) -> AllocationProblem
    ) throws(PlanningError) -> (problem: AllocationProblem, explored: [Int]) {
        var floors = ExplorationFloors(
            exploration, beliefs: beliefs, id: id, places: places, sizes: sizes, total: total)
        while !floors.raised.isEmpty {
            do {
                return (try make(floors.places), floors.raised)
            } catch .totalUnreachable {
                floors.halve()
            }
        }
        return (try make(places), [])
    }

    /// Takes the last half of what was raised back.
    private mutating func halve() {
        for rank in raised.suffix((raised.count + 1) / 2) { places[rank] = given[rank] }
        raised.removeLast((raised.count + 1) / 2)
    }
}
