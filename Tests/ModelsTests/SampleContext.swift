import Scoring
import Testing

/// Context sets of given rewards.
enum SampleContext {
    static func context(rewards: [Double], n: Int = 1) throws -> ContextSet {
        let rows = try rewards.enumerated().map { index, reward in
            ContextSet.Row(text: "prompt \(index)", outcome: try #require(Outcome(reward: reward, n: n)))
        }
        return try #require(ContextSet(rows))
    }
}
