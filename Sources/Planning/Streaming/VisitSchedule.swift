import Scoring

/// Which prompts get rollouts because they have had none for long, whatever is predicted of them.
///
/// Where prompts may be skipped, a wrong prediction keeps a prompt from ever being visited, and nothing corrects the
/// prediction. So a prompt that was a candidate for `after` steps without rollouts is due. The prompts that have waited
/// longest come first, and each gets the smallest group that can have a gradient. With m candidates in every step, of which k
/// can be visited, no prompt waits longer than `after` + m/k steps, rounded up.
public struct VisitSchedule: Hashable, Sendable {
    /// Candidates to visit, ascending.
    public let visits: [Int]
    /// Rollouts of each visit.
    public let size: Int

    /// A candidate: what is scheduled of it.
    public struct Candidate: Hashable, Sendable {
        let promptID: String
        let wait: Int
        let floor: Int?
        let cap: Int?

        /// `wait`: steps since it had rollouts or, if it had none, since it was a candidate first; 0 for a new prompt.
        public init(promptID: String, wait: Int, floor: Int?, cap: Int?) {
            self.promptID = promptID
            self.wait = wait
            self.floor = floor
            self.cap = cap
        }
    }

    /// Schedules visits within `rollouts`, without the floors of all candidates exceeding `total`.
    ///
    /// `seed` decides between equal waits. Throws `limitsInvalid`. Cost: a sort of the prompts that are due.
    public init(
        _ candidates: [Candidate], after: Int, rollouts: Double, total: Int, sizes: GroupSizes, seed: UInt64
    ) throws(PlanningError) {
        size = sizes.values.first { $0 >= 2 } ?? sizes.maximum
        var left = total
        var due: [(wait: Int, turn: UInt64, index: Int, floor: Int)] = []
        for (index, candidate) in candidates.enumerated() {
            let places = try sizes.places(floor: candidate.floor, cap: candidate.cap, promptID: candidate.promptID)
            let floor = sizes.values[places.lowerBound]
            left -= floor
            guard candidate.wait >= after, floor < size, size <= sizes.values[places.upperBound] else { continue }
            due.append((candidate.wait, StableHash(of: candidate.promptID, seed: seed).mixed, index, floor))
        }
        var visits: [Int] = []
        var money = rollouts
        for one in due.sorted(by: { ($1.wait, $0.turn) < ($0.wait, $1.turn) }) {
            let more = size - one.floor
            guard more <= left, Double(size) <= money else { break }
            visits.append(one.index)
            left -= more
            money -= Double(size)
        }
        self.visits = visits.sorted()
    }
}
