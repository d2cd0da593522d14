import Foundation
import Heads
import Scoring
import Synchronization
import Testing

@Suite("Compact head of version 1")
struct CompactHeadTests {
    private let head: CompactHead
    private let golden: CompactHeadGolden

    init() throws {
        golden = try CompactHeadGolden.first()
        head = try golden.head()
    }

    @Test("every stage is the slow version's within 1e-4: 0 to 256 rows, one class, fractions, any rollouts")
    func stages() throws {
        #expect(
            golden.cases.count == 8 && golden.cases.contains { $0.rows == 0 }
                && golden.cases.contains { $0.rows == 256 })
        for example in golden.cases {
            let (name, rows) = (example.name, example.rows)
            let prepared = try head.prepare(try golden.context(name), features: golden.features(rows))
            let stages = try head.stages(QuerySet(features: golden.queries), in: prepared)
            let predictions = try head.predict(golden.queries, in: prepared)
            let found: [(stage: String, values: [Double])] = [
                ("context.columns", prepared.columns), ("level", [prepared.level]), ("odds", prepared.odds),
                ("context.log_odds", prepared.leftOut), ("query.z", stages.surface), ("query.columns", stages.columns),
                ("query.log_odds", stages.logOdds), ("p", stages.probabilities), ("kappa", [prepared.concentration]),
                ("p", predictions.map { Double($0.p) }),
            ]
            var line: [String] = []
            for (stage, values) in found {
                let error = Self.difference(values, try golden.stage(name, stage))
                #expect(error < 1e-4, "\(name), \(stage)")
                line.append(String(format: "%@ %.1e", stage, error))
            }
            print("compact head, \(name) (\(rows) rows), largest errors: \(line.joined(separator: ", "))")
        }
    }

    @Test("a query's answer is the same bit for bit alone, in any batch and in any order")
    func batches() throws {
        for example in golden.cases {
            let (name, rows) = (example.name, example.rows)
            let prepared = try head.prepare(try golden.context(name), features: golden.features(rows))
            // More than a block of the difficulty network, and no multiple of its steps.
            let queries = golden.features(131)
            let together = try head.predict(queries, in: prepared)
            for index in 0..<queries.rows {
                #expect(try head.predict(queries.selecting([index]), in: prepared) == [together[index]], "\(name)")
            }
            for order in [Array((0..<queries.rows).reversed()), Array(60..<70), Array(3..<20)] {
                #expect(try head.predict(queries.selecting(order), in: prepared) == order.map { together[$0] })
            }
            #expect(try head.predict(queries.selecting([]), in: prepared).isEmpty)
        }
    }

    @Test("another order of the context's rows changes no probability by 1e-4")
    func permutation() throws {
        for name in ["full", "full-binary", "partial-credit"] {
            let context = try golden.context(name)
            let features = golden.features(context.rows.count)
            // 67 has no factor in common with 32 or 256.
            let order = context.rows.indices.map { ($0 * 67 + 5) % context.rows.count }
            let shuffled = try #require(ContextSet(order.map { context.rows[$0] }))
            let first = try head.predict(golden.queries, in: head.prepare(context, features: features))
            let second = try head.predict(
                golden.queries, in: head.prepare(shuffled, features: features.selecting(order)))
            let difference = zip(first, second).map { abs($0.p - $1.p) }.max() ?? .infinity
            print("compact head, \(name) in another order: p differs by \(difference)")
            #expect(difference < 1e-4)
            #expect(first.map(\.kappa) == second.map(\.kappa))
        }
    }

    @Test("the head that comes with the program is read, and answers without rows")
    func shipped() throws {
        let shipped = try CompactHead.load()
        let prepared = try shipped.prepare(HeadSamples.context(rewards: []), features: golden.features(0))
        #expect(try Set(shipped.predict(golden.queries, in: prepared).map(\.p)).count > 1)
    }

    @Test("side information is refused by the version of the file")
    func refused() throws {
        let context = try #require(ContextSet([], schema: SideSchema(numbers: ["level"])))
        let error = #expect(throws: ValueModelError.self) { try head.prepare(context, features: golden.features(0)) }
        #expect(error.map { "\($0)".contains("version 1") } == true)
    }

    @Test("without rows prompts still differ; one class, one row or none are answered like any other, without a flag")
    func smallContexts() throws {
        for rewards in [[], [1.0], [0.0], [0.3], [0, 0, 0], [1, 1, 1, 1], [0.5, 0.5]] {
            let context = try HeadSamples.context(rewards: rewards, n: 2)
            let prepared = try head.prepare(context, features: golden.features(rewards.count))
            let predictions = try head.predict(golden.queries, in: prepared)
            #expect(
                predictions.allSatisfy { $0.flags.isEmpty && $0.p > 0 && $0.p < 1 && $0.pLo <= $0.p && $0.p <= $0.pHi })
            #expect(Set(predictions.map(\.p)).count > 1, "\(rewards)")
            #expect(prepared.contextDigest == context.digest)
        }
        func mean(_ reward: Double) throws -> Double {
            let context = try HeadSamples.context(rewards: [Double](repeating: reward, count: 20), n: 2)
            let prepared = try head.prepare(context, features: golden.features(20))
            return try head.predict(golden.queries, in: prepared).reduce(0) { $0 + Double($1.p) } / 8
        }
        let means = try [0, 0.25, 0.5, 0.75, 1].map(mean)
        print("compact head, mean p of rewards 0, ¼, ½, ¾, 1: \(means)")
        #expect(zip(means, means.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("more rollouts behind the same rewards make κ another and p bolder or equal")
    func rollouts() throws {
        let rewards = (0..<64).map { Double($0 % 2) }
        func prepared(_ n: Int) throws -> CompactHeadContext {
            try head.prepare(HeadSamples.context(rewards: rewards, n: n), features: golden.features(64))
        }
        let (one, many) = (try prepared(1), try prepared(16))
        #expect(one.concentration != many.concentration)
        #expect(try head.predict(golden.queries, in: one) != head.predict(golden.queries, in: many))
    }

    @Test("a context larger than the golden's is fitted too, and progress is reported after each factorisation")
    func large() throws {
        let rows = 600
        // The pool again and again, each time a little off, so that no two rows are equal.
        var features = FeatureMatrix(columns: head.featureColumns)
        let pool = golden.features(256)
        var values: [Float] = []
        for row in 0..<rows {
            values += pool.row(row % pool.rows).enumerated().map { $1 * (1 + Float(row / 256) * 1e-3 * Float($0 % 3)) }
        }
        features = FeatureMatrix(
            columns: head.featureColumns, values: values, isTruncated: [Bool](repeating: true, count: rows))
        let context = try HeadSamples.context(rewards: (0..<rows).map { Double($0 % 3) / 2 }, n: 4)
        let count = Atomic(0)
        head.onProgress { count.wrappingAdd(1, ordering: .relaxed) }
        let prepared = try head.prepare(context, features: features)
        let steps = count.load(ordering: .relaxed)
        #expect((5...10).contains(steps), "\(steps)")
        let predictions = try head.predict(features.selecting([0, 1]), in: prepared)
        #expect(predictions.allSatisfy { $0.flags == .truncated })
    }

    @Test("features of another width, of too few rows or with a NaN are refused by name")
    func refusals() throws {
        let context = try golden.context("eight")
        let narrow = FeatureMatrix(
            columns: 31, values: [Float](repeating: 0, count: 8 * 31), isTruncated: [Bool](repeating: false, count: 8))
        #expect(throws: ValueModelError.widthMismatch(expected: 414, found: 31)) {
            try head.prepare(context, features: narrow)
        }
        #expect(throws: ValueModelError.rowsMismatch(expected: 8, found: 7)) {
            try head.prepare(context, features: golden.features(7))
        }
        let prepared = try head.prepare(context, features: golden.features(8))
        #expect(throws: ValueModelError.widthMismatch(expected: 414, found: 31)) {
            try head.predict(narrow, in: prepared)
        }
        for (place, value) in [(0, Float.nan), (400, .infinity)] {
            var values = golden.features(8).values
            values[3 * 414 + place] = value
            let features = FeatureMatrix(columns: 414, values: values, isTruncated: [Bool](repeating: false, count: 8))
            #expect(throws: ValueModelError.notFinite(stage: "features", row: 3)) {
                try head.prepare(context, features: features)
            }
            #expect(throws: ValueModelError.notFinite(stage: "features", row: 3)) {
                try head.predict(features, in: prepared)
            }
        }
    }

    private static func difference(_ found: [Double], _ expected: [Double]) -> Double {
        guard found.count == expected.count else { return .infinity }
        return zip(found, expected).reduce(0) { largest, pair in
            let difference = abs(pair.0 - pair.1)
            return difference.isNaN ? .infinity : max(largest, difference)
        }
    }
}
