import Planning
import Testing

import Replaying

@Suite("Replay comparison")
struct ReplayComparisonTests {
    private let stratum = ReplayStratum(visit: nil, isHeldOut: false)
    private let ours = ReplaySeries(policy: .ours, belief: .model)

    /// Values by seed, series and prompt. Every series spends 8 rollouts per prompt unless `spent` states otherwise.
    private func comparison(_ seeds: [[ReplaySeries: [Double]]], spent: [ReplaySeries: Int] = [:]) -> ReplayComparison {
        var tally = ReplayTally(prompts: 8, seeds: seeds.count)
        for (seed, series) in seeds.enumerated() {
            for (name, worths) in series {
                let groups = worths.enumerated().map { prompt, worth in
                    TalliedGroup(
                        prompt: prompt,
                        group: ReplayGroup(
                            promptID: "p\(prompt)", n: spent[name] ?? 8, successes: 1, realised: worth, expected: worth),
                        beyond: 0, promptTokens: 1, responseTokens: nil, cost: nil)
                }
                tally.add(groups, of: name, to: [stratum], seed: seed)
            }
        }
        return ReplayComparison(tally: tally, stratum: stratum)
    }

    @Test("gain, share and their errors agree with hand-computed values")
    func byHand() throws {
        let comparison = comparison([
            [.uniform: [1, 1], ours: [2, 1], .oracle: [3, 1]], [.uniform: [1, 1], ours: [1, 2], .oracle: [3, 1]],
        ])
        let gain = try #require(comparison.gain(ours))
        #expect(gain.value == 0.5 && gain.seedError == 0)
        // Prompts earned 3 and 3 of 6, uniform 2 and 2 of 4: no prompt changes the ratio.
        #expect(gain.promptError == 0)
        let share = try #require(comparison.share(ours))
        #expect(share.value == 0.5 && share.seedError == 0)
        // Gains of 1 and 1 minus half of 4 and of 0, divided by the oracle's gain of 4: −1/4 and 1/4; √(2·(1/16 +
        // 1/16)).
        #expect(abs(try #require(share.promptError) - 0.5) < 1e-15)
        #expect(try #require(comparison.share(.oracle)).value == 1)
    }

    @Test("different values by seed give the error over seeds")
    func seeds() throws {
        let comparison = comparison([[.uniform: [2, 2], ours: [2, 4]], [.uniform: [2, 2], ours: [2, 2]]])
        let gain = try #require(comparison.gain(ours))
        #expect(gain.value == 0.25 && abs((gain.seedError ?? -1) - 0.25) < 1e-15)
        // Shares 4/10 and 6/10 of ours against 1/2: relative −0.1 and 0.1, so √(2·0.02)·1.25.
        #expect(abs(try #require(gain.promptError) - 0.04.squareRoot() * 1.25) < 1e-15)
        #expect(comparison.share(ours) == nil, "there is no oracle")
    }

    @Test("twice the cost for twice the value is no gain")
    func cost() throws {
        let filter = ReplaySeries(policy: .dapoFilter, belief: .none)
        let comparison = comparison([[.uniform: [1, 2], filter: [2, 4]]], spent: [filter: 16])
        let gain = try #require(comparison.gain(filter))
        #expect(gain.value == 0 && gain.promptError == 0 && gain.seedError == nil)
    }

    @Test("where equal groups have no value there is no gain")
    func nothing() {
        let comparison = comparison([[.uniform: [0, 0], ours: [0, 1], .oracle: [0, 0]]])
        #expect(comparison.gain(ours) == nil && comparison.share(ours) == nil)
    }
}
