import Foundation
import Heads
import Scoring
import Testing

@Suite("Gaussian-process head")
struct GaussianProcessHeadTests {
    private let head = GaussianProcessHead()

    @Test("probabilities, concentration and intervals are those of numpy within 1e-5")
    func golden() throws {
        let golden = try HeadGolden.read("gp.json", as: HeadGolden.Regression.self)
        #expect(golden.cases.count == 4)
        for example in golden.cases {
            let columns = example.columns + SurfaceFeatures.count
            let rows = example.rewards.count
            let set = ContextSet(
                try (0..<rows).map { row in
                    let outcome = Outcome(reward: example.rewards[row], n: example.rollouts[row])
                    return ContextSet.Row(text: "\(row)", outcome: try #require(outcome))
                })
            let context = try #require(set)
            let prepared = try head.prepare(context, features: Self.matrix(example.context, columns: columns))
            let predictions = try head.predict(Self.matrix(example.queries, columns: columns), in: prepared)
            #expect(predictions.count == example.p.count)
            var errors = (p: 0.0, interval: 0.0)
            for (index, prediction) in predictions.enumerated() {
                errors.p = max(errors.p, abs(Double(prediction.p) - example.p[index]))
                errors.interval = max(errors.interval, abs(Double(prediction.pLo) - example.low[index]))
                errors.interval = max(errors.interval, abs(Double(prediction.pHi) - example.high[index]))
                #expect(prediction.flags.isEmpty)
            }
            let kappaError = abs(prepared.concentration - example.kappa)
            print("head, \(example.name): error of p \(errors.p), interval \(errors.interval), kappa \(kappaError)")
            #expect(errors.p < 1e-5 && errors.interval < 1e-4 && kappaError < 1e-6, "\(example.name)")
        }
    }

    @Test("a query's answer is the same bit for bit alone, in any batch and in any order")
    func batches() throws {
        for seed in 1...4 as ClosedRange<UInt64> {
            var samples = HeadSamples(seed: seed)
            let features = samples.features(16 + 37 * Int(seed))
            let prepared = try head.prepare(try samples.context(features, n: Int(seed)), features: features)
            let queries = samples.features(33)
            let together = try head.predict(queries, in: prepared)
            for index in 0..<queries.rows {
                #expect(try head.predict(queries.selecting([index]), in: prepared) == [together[index]])
            }
            let order = Array((0..<queries.rows).reversed())
            #expect(try head.predict(queries.selecting(order), in: prepared) == order.map { together[$0] })
        }
    }

    @Test("preparing twice gives the same answers bit for bit")
    func determinism() throws {
        var samples = HeadSamples(seed: 9)
        let features = samples.features(100)
        let context = try samples.context(features)
        let queries = samples.features(20)
        let first = try head.predict(queries, in: try head.prepare(context, features: features))
        let second = try head.predict(queries, in: try head.prepare(context, features: features))
        #expect(first == second)
    }

    @Test("what the context shows is learnt: queries like its successes are ranked above others")
    func learning() throws {
        var samples = HeadSamples(seed: 3)
        let features = samples.features(256)
        let prepared = try head.prepare(try samples.context(features), features: features)
        let queries = samples.features(400)
        let predictions = try head.predict(queries, in: prepared)
        let high = (0..<400).filter { queries.row($0).first.map { $0 > 0.2 } ?? false }
        let low = (0..<400).filter { queries.row($0).first.map { $0 < -0.2 } ?? false }
        let meanHigh = high.reduce(0) { $0 + predictions[$1].p } / Float(high.count)
        let meanLow = low.reduce(0) { $0 + predictions[$1].p } / Float(low.count)
        #expect(meanHigh > meanLow + 0.3)
    }

    @Test("no rows, 1 row, 15 rows and one class are base-rate contexts and say so", arguments: [0, 1, 15])
    func tooFew(rows: Int) throws {
        var samples = HeadSamples(seed: 5)
        let features = samples.features(rows)
        let rewards = (0..<rows).map { Double($0 % 3 == 0 ? 1 : 0) }
        let prepared = try head.prepare(try HeadSamples.context(rewards: rewards), features: features)
        let expected = (rewards.reduce(0, +) + 0.5) / Double(rows + 1)
        #expect(prepared.isBaseRate)
        for prediction in try head.predict(samples.features(3), in: prepared) {
            #expect(prediction.flags == .baseRate)
            #expect(prediction.p == Float(expected))
            #expect(prediction.pLo <= prediction.p && prediction.p <= prediction.pHi)
        }
    }

    @Test("64 rows of the same reward are a base-rate context near that reward", arguments: [0.0, 0.25, 1.0])
    func oneClass(reward: Double) throws {
        var samples = HeadSamples(seed: 6)
        let features = samples.features(64)
        let context = try HeadSamples.context(rewards: [Double](repeating: reward, count: 64), n: 4)
        let prepared = try head.prepare(context, features: features)
        let prediction = try #require(try head.predict(samples.features(1), in: prepared).first)
        #expect(prediction.flags == .baseRate)
        #expect(abs(Double(prediction.p) - reward) < 0.01)
    }

    @Test("16 rows of two classes are enough for a regression")
    func enough() throws {
        var samples = HeadSamples(seed: 8)
        let features = samples.features(16)
        let context = try HeadSamples.context(rewards: (0..<16).map { Double($0 % 2) })
        #expect(!(try head.prepare(context, features: features).isBaseRate))
    }

    @Test("a context of the same prompt 40 times over, with both outcomes, gives finite answers")
    func duplicates() throws {
        var samples = HeadSamples(seed: 10)
        let one = samples.features(1)
        let features = one.selecting([Int](repeating: 0, count: 40))
        let prepared = try head.prepare(
            try HeadSamples.context(rewards: (0..<40).map { $0 < 30 ? 1 : 0 }), features: features)
        let prediction = try #require(try head.predict(one, in: prepared).first)
        #expect(abs(prediction.p - 0.75) < 0.05)
    }

    @Test("partial credit moves the answer, and more rollouts a row make it trusted more")
    func fractional() throws {
        var samples = HeadSamples(seed: 11)
        let features = samples.features(60)
        let low = try HeadSamples.context(rewards: (0..<60).map { $0 % 2 == 0 ? 0.2 : 0.3 }, n: 10)
        let high = try HeadSamples.context(rewards: (0..<60).map { $0 % 2 == 0 ? 0.7 : 0.8 }, n: 10)
        let query = samples.features(1)
        let lowP = try #require(
            try head.predict(query, in: try head.prepare(low, features: features)).first)
        let highP = try #require(
            try head.predict(query, in: try head.prepare(high, features: features)).first)
        #expect(lowP.p < 0.4 && highP.p > 0.6)

        // Rewards near their mean cannot come from a belief of 0 or 1, so the concentration must be high.
        #expect(lowP.kappa > 5)
        let single = try HeadSamples.context(rewards: (0..<60).map { Double($0 % 2) })
        let certain = try HeadSamples.context(rewards: (0..<60).map { Double($0 % 2) }, n: 10)
        let singleKappa = try head.prepare(single, features: features).concentration
        let certainKappa = try head.prepare(certain, features: features).concentration
        #expect(certainKappa < singleKappa)
    }

    @Test("a truncated query is answered and flagged")
    func truncated() throws {
        var samples = HeadSamples(seed: 12)
        let features = samples.features(30)
        let prepared = try head.prepare(try samples.context(features), features: features)
        let query = samples.features(1)
        let cut = FeatureMatrix(columns: query.columns, values: query.values, isTruncated: [true])
        let whole = try #require(try head.predict(query, in: prepared).first)
        let short = try #require(try head.predict(cut, in: prepared).first)
        #expect(short.flags == .truncated && whole.flags.isEmpty && short.p == whole.p)
    }

    @Test("NaN and infinity in the features are refused with the row", arguments: [Float.nan, .infinity, -.infinity])
    func notFinite(bad: Float) throws {
        var samples = HeadSamples(seed: 13)
        let features = samples.features(20)
        let context = try samples.context(features)
        let prepared = try head.prepare(context, features: features)
        var values = features.values
        values[7 * features.columns + 3] = bad
        let broken = FeatureMatrix(columns: features.columns, values: values, isTruncated: features.isTruncated)
        #expect(throws: ValueModelError.notFinite(stage: "features", row: 7)) {
            try head.prepare(context, features: broken)
        }
        #expect(throws: ValueModelError.notFinite(stage: "features", row: 7)) {
            try head.predict(broken, in: prepared)
        }
    }

    @Test("features of another width or number of rows are refused")
    func shapes() throws {
        var samples = HeadSamples(seed: 14)
        let features = samples.features(20)
        let context = try samples.context(features)
        let prepared = try head.prepare(context, features: features)
        #expect(throws: ValueModelError.rowsMismatch(expected: 20, found: 1)) {
            try head.prepare(context, features: features.selecting([0]))
        }
        #expect(throws: ValueModelError.widthMismatch(expected: 50, found: 3)) {
            try head.predict(FeatureMatrix(columns: 3, values: [0, 0, 0], isTruncated: [false]), in: prepared)
        }
    }

    @Test("a context beyond the rows on which the noise is chosen is fitted whole")
    func large() throws {
        var samples = HeadSamples(seed: 15)
        let features = samples.features(1100)
        let prepared = try head.prepare(try samples.context(features), features: features)
        let predictions = try head.predict(samples.features(50), in: prepared)
        #expect(Set(predictions.map(\.p)).count > 40)
    }

    private static func matrix(_ values: [Float], columns: Int) -> FeatureMatrix {
        FeatureMatrix(
            columns: columns, values: values, isTruncated: [Bool](repeating: false, count: values.count / columns))
    }
}
