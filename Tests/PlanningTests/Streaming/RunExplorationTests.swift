import Planning
import Scoring
import Testing

@Suite("Exploration over the steps of a run")
struct RunExplorationTests {
    @Test("what steps without prompts to explore save, later steps spend: the run keeps its share")
    func saved() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<50 {
            var budget = ExplorationBudget()
            var (spent, totals) = (0, 0)
            for step in 0..<200 {
                let total = 500 + Int(random.unit() * 1000)
                // Four of five steps have nothing to explore; what is spent is in groups of eight.
                let share = budget.share(0.05, total: total, visits: 0)
                let rollouts = step % 5 == 4 ? Int((share * Double(total) / 8).rounded(.up)) * 8 : 0
                budget = budget.after(share: 0.05, total: total, spent: rollouts)
                spent += rollouts
                totals += total
            }
            #expect(abs(Double(spent) / Double(totals) - 0.05) < 0.0005, "\(spent) of \(totals)")
        }
    }

    @Test("a long time without exploration saves eight steps' shares at most, and debts are as limited")
    func bounded() {
        var budget = ExplorationBudget()
        for _ in 0..<100 { budget = budget.after(share: 0.1, total: 100, spent: 0) }
        #expect(abs(budget.available(share: 0.1, total: 100) - 90) < 1e-9)
        for _ in 0..<100 { budget = budget.after(share: 0.1, total: 100, spent: 100) }
        #expect(budget.available(share: 0.1, total: 100) == 0)
        for _ in 0..<20 { budget = budget.after(share: 0.1, total: 100, spent: 0) }
        #expect(budget.available(share: 0.1, total: 100) > 10)
        #expect(ExplorationBudget(saved: .nan).saved == 0)
    }

    @Test("no prompt waits longer than the steps allowed and its turn among those that are due")
    func visits() throws {
        var random = SeededGenerator(seed: 2)
        let (prompts, after, each) = (60, 5, 4)
        let sizes = try GroupSizes(minimum: 0, maximum: 16)
        var waits = [Int](repeating: 0, count: prompts)
        var longest = 0
        for step in 0..<300 {
            let schedule = try VisitSchedule(
                waits.indices.map { .init(promptID: "p\($0)", wait: waits[$0], floor: nil, cap: nil) }, after: after,
                rollouts: Double(2 * each) + 1.5, total: 480, sizes: sizes, seed: UInt64(step))
            #expect(schedule.size == 2 && schedule.visits.count <= each && schedule.visits == schedule.visits.sorted())
            // All else goes to ten prompts, which are always the same but for one.
            let visited = Set(schedule.visits).union(0..<10).union([Int(random.unit() * 60)])
            for index in waits.indices { waits[index] = visited.contains(index) ? 0 : waits[index] + 1 }
            longest = max(longest, waits.max() ?? 0)
        }
        #expect(longest <= after + (prompts + each - 1) / each && longest > after)
    }

    @Test("floors, caps and the total are kept; a prompt that has rollouts anyway is not visited")
    func limits() throws {
        let sizes = try GroupSizes(minimum: 0, maximum: 16)
        let candidates: [VisitSchedule.Candidate] = [
            .init(promptID: "a", wait: 9, floor: 4, cap: nil), .init(promptID: "b", wait: 9, floor: nil, cap: 0),
            .init(promptID: "c", wait: 2, floor: nil, cap: nil), .init(promptID: "d", wait: 7, floor: nil, cap: nil),
            .init(promptID: "e", wait: 8, floor: nil, cap: nil),
        ]
        func visits(rollouts: Double, total: Int) throws -> [Int] {
            try VisitSchedule(candidates, after: 3, rollouts: rollouts, total: total, sizes: sizes, seed: 1).visits
        }
        #expect(try visits(rollouts: 100, total: 100) == [3, 4])
        #expect(try visits(rollouts: 3, total: 100) == [4])
        #expect(try visits(rollouts: 100, total: 7) == [4])
        #expect(try visits(rollouts: 1.9, total: 100) == [])
    }
}
