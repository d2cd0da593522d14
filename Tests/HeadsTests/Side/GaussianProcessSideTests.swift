import Foundation
import Heads
import Scoring
import Testing

@Suite("Gaussian-process head with side information")
struct GaussianProcessSideTests {
    private let head = GaussianProcessHead()

    @Test("weights, columns, scores, probabilities and concentration with references are those of numpy within 1e-5")
    func golden() throws {
        let golden = try ReferenceGolden.read()
        #expect(golden.cases.count == 8)
        for example in golden.cases {
            let prepared = try head.prepare(
                golden.context(example), features: golden.contextFeatures(example))
            let queries = try golden.asked(example)
            let stages = try #require(try head.stages(queries, in: prepared))
            let predictions = try head.predict(queries, in: prepared)
            var found: [(String, [Double], [Double])] = [
                ("left out", stages.leftOut, example.leftOut), ("raw", stages.scores, example.raw),
                ("p", predictions.map { Double($0.p) }, example.p),
                ("kappa", [prepared.concentration], [example.kappa]),
            ]
            if let weights = example.policyWeights { found.append(("weights", stages.weights, weights)) }
            for (index, column) in [example.policyColumn, example.recordColumn].enumerated() {
                guard let column else { continue }
                found.append(("context", stages.columns.map { $0[index] }, Array(column.prefix(example.rows))))
                found.append(("queries", stages.queryColumns.map { $0[index] }, Array(column.suffix(golden.queries))))
            }
            var line: [String] = []
            for (stage, values, expected) in found {
                let error = Self.difference(values, expected)
                #expect(error < 1e-5, "\(example.name), \(stage)")
                line.append("\(stage) \(String(format: "%.1e", error))")
            }
            print("references, \(example.name): largest errors \(line.joined(separator: ", "))")
        }
    }

    @Test("a schema without an outcome changes no bit of any answer")
    func silent() throws {
        let samples = SideSamples(seed: 1, prompts: 120)
        let plain = try samples.context(64)
        let named = try #require(ContextSet(plain.rows, schema: SideSchema(references: [.init(name: "nobody")])))
        let features = samples.contextFeatures(64)
        let queries = samples.queries(from: 64)
        let answers = try head.predict(queries, in: head.prepare(plain, features: features))
        let prepared = try head.prepare(named, features: features)
        #expect(try head.predict(queries, in: prepared) == answers)
        #expect(prepared.evidence == PredictionEvidence(contextRows: 64))
    }

    @Test("with references and covariates an answer is the same bit for bit alone, in any batch and in any order")
    func batches() throws {
        var samples = SideSamples(seed: 2, prompts: 160)
        try samples.addReferences([.good, .good, .useless], coverage: 0.6)
        samples.addCovariates([.number, .category, .vector], useful: true)
        let prepared = try head.prepare(samples.context(70), features: samples.contextFeatures(70))
        let queries = samples.queries(from: 70)
        let together = try head.predict(queries, in: prepared)
        for index in 0..<queries.rows {
            #expect(try head.predict(queries.selecting([index]), in: prepared) == [together[index]])
        }
        let order = Array((0..<queries.rows).reversed())
        #expect(try head.predict(queries.selecting(order), in: prepared) == order.map { together[$0] })
        let again = try head.prepare(samples.context(70), features: samples.contextFeatures(70))
        #expect(try head.predict(queries, in: again) == together)
    }

    @Test("references raise the AUC, also on some prompts only and one inverted among three; useless ones cost little")
    func references() throws {
        let arms: [(name: String, kinds: [SideSamples.Kind], coverage: Double)] = [
            ("one", [.good], 1), ("three", [.good, .good, .good], 1), ("three on 30 %", [.good, .good, .good], 0.3),
            ("two good", [.good, .good], 1), ("two good, one inverted", [.good, .good, .inverted], 1),
            ("three useless", [.useless, .useless, .useless], 1),
        ]
        for rows in [32, 256] {
            var gains: [String: Double] = [:]
            for arm in arms {
                gains[arm.name] = try meanGain(rows: rows, seeds: 30) {
                    try $0.addReferences(arm.kinds, coverage: arm.coverage)
                }
            }
            let line = arms.map { String(format: "%@ %+.3f", $0.name, gains[$0.name] ?? .nan) }
            print("references, \(rows) rows, gain of AUC: \(line.joined(separator: ", "))")
            func gain(_ name: String) -> Double { gains[name] ?? -.infinity }
            #expect(gain("one") > 0.03 && gain("three") > gain("one") + 0.01)
            #expect(gain("three on 30 %") > 0.01)
            #expect(gain("two good, one inverted") > gain("two good") - (rows == 256 ? 0.01 : 0.03))
            #expect(gain("three useless") > (rows == 256 ? -0.003 : -0.008))
        }
    }

    @Test("useful covariates raise the AUC, useless ones cost at most 0.005", arguments: [32, 256])
    func covariates(rows: Int) throws {
        let arms: [(name: String, parts: Set<SideSamples.Part>)] = [
            ("number", [.number]), ("category", [.category]), ("vector", [.vector]),
            ("all", [.number, .category, .vector]),
        ]
        for arm in arms {
            let useful = try meanGain(rows: rows, seeds: 30) { $0.addCovariates(arm.parts, useful: true) }
            let useless = try meanGain(rows: rows, seeds: 30) { $0.addCovariates(arm.parts, useful: false) }
            print(
                String(format: "covariates, %d rows, %@: useful %+.4f, useless %+.4f", rows, arm.name, useful, useless))
            #expect(useful > 0.03, "\(arm.name)")
            #expect(useless > -0.005, "\(arm.name)")
        }
    }

    @Test("evidence counts the references that are in use and the policy's own record")
    func evidence() throws {
        var samples = SideSamples(seed: 4, prompts: 300)
        try samples.addReferences([.good, .good, .inverted])
        let context = try samples.context(200)
        let record = SideSchema.Reference(name: "old", kind: .ownRecord)
        let schema = SideSchema(references: context.schema.references + [record, .init(name: "nobody")])
        let outcome = try #require(Outcome(k: 3, n: 8))
        let rows = context.rows.map { row in
            ContextSet.Row(
                text: row.text, outcome: row.outcome,
                side: SideInformation(
                    references: row.side.references + [.init(reference: 3, outcome: outcome)],
                    poolRow: row.side.poolRow))
        }
        let full = try #require(ContextSet(rows, schema: schema, pool: context.pool))
        let prepared = try head.prepare(full, features: samples.contextFeatures(200))
        #expect(prepared.evidence == PredictionEvidence(contextRows: 200, references: 3, ownRecord: true))
    }

    @Test("side information that does not fit the context is ignored, and a small context is its base rate")
    func misfits() throws {
        var samples = SideSamples(seed: 5, prompts: 80)
        try samples.addReferences([.good])
        let prepared = try head.prepare(samples.context(40), features: samples.contextFeatures(40))
        let outcome = try #require(Outcome(k: 1, n: 1))
        let strange = SideInformation(
            references: [.init(reference: 7, outcome: outcome)], numbers: [1, 2], categories: [3], vectors: [4],
            poolRow: 9999)
        let features = samples.features.selecting([70])
        let silent = try head.predict(QuerySet(features: features), in: prepared)
        #expect(try head.predict(QuerySet(features: features, side: [strange]), in: prepared) == silent)
        let small = try head.prepare(samples.context(8), features: samples.contextFeatures(8))
        #expect(small.isBaseRate)
    }

    @Test("a row that repeats a prompt of the pool by its text alone is one prompt with it")
    func repeated() throws {
        var samples = SideSamples(seed: 6, prompts: 120)
        try samples.addReferences([.good, .good])
        let context = try samples.context(60)
        let nameless = try #require(
            ContextSet(
                context.rows.map { row in
                    ContextSet.Row(
                        text: row.text, outcome: row.outcome,
                        side: SideInformation(references: row.side.references))
                }, schema: context.schema, pool: context.pool))
        let features = samples.contextFeatures(60)
        let queries = samples.queries(from: 60)
        let first = try head.predict(queries, in: head.prepare(context, features: features))
        #expect(try head.predict(queries, in: head.prepare(nameless, features: features)) == first)
    }

    @Test("a context beyond the rows on which the noise is chosen is fitted whole, with references and covariates")
    func large() throws {
        var samples = SideSamples(seed: 7, prompts: 1200)
        samples.addCovariates([.number], useful: true)
        let context = try samples.context(1100)
        let prepared = try head.prepare(context, features: samples.contextFeatures(1100))
        let predictions = try head.predict(samples.queries(from: 1100), in: prepared)
        #expect(samples.auc(predictions, from: 1100) > 0.7)
    }

    /// Mean over seeds of the AUC with what is added, less the AUC without.
    private func meanGain(rows: Int, seeds: UInt64, _ add: (inout SideSamples) throws -> Void) throws -> Double {
        var sum = 0.0
        for seed in 1...seeds {
            var samples = SideSamples(seed: seed, prompts: rows + 300)
            let without = try auc(samples, rows: rows)
            try add(&samples)
            sum += try auc(samples, rows: rows) - without
        }
        return sum / Double(seeds)
    }

    private func auc(_ samples: SideSamples, rows: Int) throws -> Double {
        let prepared = try head.prepare(samples.context(rows), features: samples.contextFeatures(rows))
        return samples.auc(try head.predict(samples.queries(from: rows), in: prepared), from: rows)
    }

    private static func difference(_ found: [Double], _ expected: [Double]) -> Double {
        guard found.count == expected.count else { return .infinity }
        return zip(found, expected).reduce(0) { largest, pair in
            let difference = abs(pair.0 - pair.1)
            return difference.isNaN ? .infinity : max(largest, difference)
        }
    }
}
