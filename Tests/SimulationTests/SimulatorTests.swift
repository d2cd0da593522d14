import Foundation
import Simulation
import Testing

@Suite("A whole cluster from one seed")
struct SimulatorTests {
    /// More with `STATEZERO_SEEDS=100000`.
    private static let seeds = ProcessInfo.processInfo.environment["STATEZERO_SEEDS"].flatMap(UInt64.init) ?? 2500

    @Test("thousands of seeds: every job finishes, every row has one answer, the right one, and no invariant breaks")
    func thousandsOfSeeds() async {
        var seeds = 0
        var steps = 0
        var messages = 0
        var rows = 0
        var poisoned = 0
        var (groups, rewards, dropped, drawn, fallbacks) = (0, 0, 0, 0, 0)
        var (verified, unverified, quarantined) = (0, 0, 0)
        var longest = Duration.zero
        for report in await SimulatorRuns.reports(Self.seeds, { _ in nil }) {
            #expect(report.broken.isEmpty, "seed \(report.seed): \(report.broken.prefix(3))")
            seeds += 1
            steps += report.steps
            longest = max(longest, report.duration)
            messages += report.messages
            rows += report.rows
            poisoned += report.poisonedRows
            groups += report.groups
            rewards += report.rewards
            dropped += report.droppedGroups
            drawn += report.rolloutsDrawn
            fallbacks += report.fallbacks
            verified += report.verifiedRows
            unverified += report.unverifiedRows
            quarantined += report.quarantined
        }
        print(
            "simulation: \(seeds) seeds, \(steps) steps, \(messages) messages, "
                + "\(rows) rows answered, \(poisoned) poisoned; \(groups) groups trained on with \(rewards) rewards, "
                + "\(drawn) drawn by look-ahead, \(dropped) groups dropped by rewinds, "
                + "\(fallbacks) plans cut at their deadline; "
                + "\(verified) rows verified, \(unverified) not, \(quarantined) liars quarantined; "
                + "the longest run needed \(longest)")
        #expect(groups > 0 && dropped > 0 && drawn > 0 && fallbacks > 0, "plans must end in all ways")
        #expect(verified > 0 && unverified > 0 && quarantined > 0, "verification must end in all ways")
        #expect(rows > 0 && poisoned > 0, "the faults must lead to both kinds of answers")
    }

    @Test("the same seed gives the same run")
    func repeatable() {
        for seed in UInt64(0)..<20 {
            var first = Simulator(seed: seed)
            var second = Simulator(seed: seed)
            let (one, two) = (first.run(), second.run())
            #expect(one.steps == two.steps && one.messages == two.messages && one.duration == two.duration)
        }
    }
}
