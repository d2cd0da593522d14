import Foundation
public import Scoring

/// Draws the context set that profiles a policy from its recorded outcomes.
///
/// A draw depends only on the rows, the number of rows wanted, the method and the seed, not on the order of the rows.
public struct ContextSelection: Hashable, Sendable {
    /// The methods.
    public enum Method: String, CaseIterable, Codable, Sendable {
        /// Every row with the same probability (V0, arXiv 2602.03584).
        case uniform
        /// Rows of recent policy steps with a higher probability: `recency` to the power of a row's age.
        case recent
        /// In turn one row of hopeless, hard, medium, easy and solved prompts, as long as there are any. A policy that
        /// mostly fails is profiled with more successes than it has, which shifts the mean that a head sees.
        case stratified
        /// One row for each group of similar prompts, with the group's mean reward: k-means on hashed words, because
        /// the coordinator has no encoder. Uses only the latest `prototypeRowsMax` rows of a larger history.
        case prototypes
    }

    /// A recorded outcome of a policy on one prompt.
    public struct Row: Hashable, Sendable {
        /// The prompt's text.
        public let text: String
        /// The outcome of its rollouts.
        public let outcome: Outcome
        /// Policy steps since then, at least 0.
        public let age: Double

        /// A recorded outcome.
        public init(text: String, outcome: Outcome, age: Double) {
            self.text = text
            self.outcome = outcome
            self.age = age
        }
    }

    /// The method.
    public let method: Method
    /// Number of rows wanted; fewer are drawn if there are fewer.
    public let count: Int
    /// Seed of the draw.
    public let seed: UInt64

    /// Factor by which `recent` reduces a row's weight per policy step: a row loses half its weight in seven steps.
    public static let recency = 0.9
    /// Most rows that `prototypes` uses: more would block a coordinator for longer than a few milliseconds.
    public static let prototypeRowsMax = 1024

    /// A draw of at most `count` rows.
    public init(_ method: Method, count: Int, seed: UInt64) {
        self.method = method
        self.count = max(0, count)
        self.seed = seed
    }

    /// The drawn rows, ordered by the hash of their texts. Cost: one hash per row; `prototypes`: about 50 ms for 256 of
    /// 1,024 rows.
    public func draw(from rows: [Row]) -> [ContextSet.Row] {
        let keyed = rows.map { Keyed(row: $0, hash: hash($0.text)) }
        switch method {
        case .uniform: return Self.first(count, of: keyed.sorted { $0.hash < $1.hash })
        case .recent: return Self.first(count, of: Self.byRecency(keyed))
        case .stratified: return Self.first(count, of: Self.byStratum(keyed, count))
        case .prototypes: return prototypes(keyed)
        }
    }

    /// A row with its hash, which serves as a random number.
    struct Keyed {
        let row: Row
        let hash: UInt64
    }

    /// The first `count` rows, ordered by hash: a context's digest depends on its order.
    private static func first(_ count: Int, of rows: [Keyed]) -> [ContextSet.Row] {
        rows.prefix(count).sorted { ($0.hash, $0.row.text) < ($1.hash, $1.row.text) }
            .map { ContextSet.Row(text: $0.row.text, outcome: $0.row.outcome) }
    }

    /// Weighted sampling without replacement (Efraimidis and Spirakis, 2006): the largest u^(1/w), in logarithms.
    private static func byRecency(_ rows: [Keyed]) -> [Keyed] {
        let keys = rows.map { row in
            // In (0, 1), so that the logarithm is finite.
            let unit = (Double(row.hash >> 11) + 0.5) * 0x1p-53
            return -log(unit) / pow(recency, row.row.age)
        }
        return keys.indices.sorted { (keys[$0], rows[$0].hash) < (keys[$1], rows[$1].hash) }.map { rows[$0] }
    }

    private static func byStratum(_ rows: [Keyed], _ count: Int) -> [Keyed] {
        var strata = [[Keyed]](repeating: [], count: 5)
        for row in rows.sorted(by: { $0.hash < $1.hash }) {
            let reward = row.row.outcome.reward
            let stratum = reward == 0 ? 0 : reward == 1 ? 4 : 1 + min(2, Int(reward * 3))
            strata[stratum].append(row)
        }
        var drawn: [Keyed] = []
        var turn = 0
        while drawn.count < min(count, rows.count) {
            for stratum in strata where turn < stratum.count && drawn.count < count { drawn.append(stratum[turn]) }
            turn += 1
        }
        return drawn
    }

    private func prototypes(_ rows: [Keyed]) -> [ContextSet.Row] {
        let latest = rows.sorted { ($0.row.age, $0.hash) < ($1.row.age, $1.hash) }.prefix(Self.prototypeRowsMax)
        guard count > 0, latest.count > count else { return Self.first(count, of: Array(latest)) }
        let clusters = TextClusters(latest.sorted { $0.hash < $1.hash }, count: count)
        return Self.first(count, of: clusters.prototypes)
    }

    private func hash(_ text: String) -> UInt64 { StableHash(of: text, seed: seed).mixed }
}
