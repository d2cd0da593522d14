/// Floors of prompts; those of explored prompts are raised.
struct ExplorationFloors {
    /// By rank: indices of floor and cap in the sizes.
    private(set) var places: [ClosedRange<Int>]
    /// Raised ranks, in the order of their turns.
    private(set) var raised: [Int] = []

    private let given: [ClosedRange<Int>]

    /// Raises floors until the budgets of prompts beyond the thresholds reach the target, or the total allows no more.
    ///
    /// - Parameters:
    ///   - id: The prompt's id by rank.
    ///   - places: By rank: indices of floor and cap before exploration.
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

    /// A problem with as many raised floors as the total can still be reached with. With irregular sizes that may not
    /// be all.
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

    /// Lowers the last half of the raised floors again.
    private mutating func halve() {
        for rank in raised.suffix((raised.count + 1) / 2) { places[rank] = given[rank] }
        raised.removeLast((raised.count + 1) / 2)
    }
}
