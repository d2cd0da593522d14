import Cluster
import Foundation
import Scoring
import Testing
import Wire

@Suite("Planner: peers that send every message that can be decoded")
struct PlannerHostileTests {
    /// `STATEZERO_HOSTILE_SEEDS=first-last` walks other seeds, and prints each, so that the last one printed is the one
    /// that trapped.
    private static let chosen: ClosedRange<UInt64>? = {
        let parts = ProcessInfo.processInfo.environment["STATEZERO_HOSTILE_SEEDS"]?.split(separator: "-") ?? []
        let ends = parts.compactMap { UInt64($0) }
        return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
    }()

    private static let seeds: ClosedRange<UInt64> = chosen ?? 1...4000
    private static let steps = 160

    @Test(
        "4000 random walks of absurd messages: no trap, no broken invariant, every message sent can be decoded, replays agree"
    )
    func walks() {
        var sum = HostilePlannerWalk.Counts()
        var broken = 0
        for seed in Self.seeds {
            if Self.chosen != nil { print("planner: seed \(seed)") }
            var walk = HostilePlannerWalk(seed: seed)
            for step in 0..<Self.steps {
                walk.step()
                guard let problem = walk.problems.first else { continue }
                broken += 1
                if broken <= 10 { Issue.record("seed \(seed), step \(step): \(problem)") }
                break
            }
            sum.add(walk.counts)
        }
        print(
            "planner: \(Self.seeds.count) hostile walks, \(sum.events) events, \(sum.plansEnded) plans ended, "
                + "\(sum.assignments) assignments, \(sum.rewardsRecorded) rewards recorded, \(sum.groupsDone) groups done, "
                + "\(sum.refusals) refusals, \(sum.restarts) restarts, \(broken) broken")
        #expect(broken == 0)
        #expect(sum.plansEnded > 0 && sum.rewardsRecorded > 0 && sum.groupsDone > 0 && sum.restarts > 0)
    }
}

extension HostilePlannerWalk.Counts {
    fileprivate mutating func add(_ other: Self) {
        events += other.events
        plansEnded += other.plansEnded
        assignments += other.assignments
        rewardsRecorded += other.rewardsRecorded
        groupsDone += other.groupsDone
        refusals += other.refusals
        restarts += other.restarts
    }
}
