import Foundation
import Heads
import Scoring
import Testing

@Suite("Compact head with character runs, references and covariates")
struct CompactHeadSideTests {
    private let head: CompactHead
    private let golden: CompactHeadGolden

    init() throws {
        golden = try CompactHeadGolden.second()
        head = try golden.head()
    }

    @Test("every stage is the slow version's: texts, twins, references of all kinds, an old record, covariates")
    func stages() throws {
        #expect(golden.cases.count >= 19)
        for example in golden.cases {
            let name = example.name
            let prepared = try head.prepare(
                golden.context(example), features: golden.contextFeatures(example), grams: golden.contextGrams(example))
            let queries = try golden.asked(example)
            let stages = try head.stages(queries, in: prepared) { golden.queryGrams(example, $0) }
            var found: [(stage: String, values: [Double])] = [
                ("context.columns", prepared.columns), ("level", [prepared.level]), ("odds", prepared.odds),
                ("amplitudes", prepared.amplitudes), ("context.log_odds", prepared.leftOut),
                ("query.z", stages.surface), ("query.columns", stages.columns), ("query.log_odds", stages.logOdds),
                ("p", stages.probabilities), ("kappa", [prepared.concentration]),
            ]
            if !example.references.isEmpty {
                let column = example.references == "stale" ? 1 : 0
                found.append(("slopes", [prepared.slopes[column]]))
                let expected = Array(try golden.stage(name, "reference.z").prefix(example.rows))
                #expect(Self.difference(prepared.referenceColumns.map { $0[column] }, expected) < 1e-4, "\(name)")
            }
            var line: [String] = []
            for (stage, values) in found {
                let error = Self.difference(values, try golden.stage(name, stage))
                #expect(error < (stage.hasSuffix("log_odds") ? 1e-3 : 1e-4), "\(name), \(stage): \(error)")
                line.append(String(format: "%@ %.1e", stage, error))
            }
            print("compact head, \(name) (\(example.rows) rows), largest errors: \(line.joined(separator: ", "))")
        }
    }

    @Test("the Gaussian process with the same references is the slow version's on real prompts within 1e-5")
    func process() throws {
        let process = GaussianProcessHead()
        for example in golden.cases where golden.has(example.name, "process.raw") && example.rows >= 16 {
            guard example.parts.isEmpty else { continue }
            let prepared = try process.prepare(golden.context(example), features: golden.contextFeatures(example))
            let queries = try golden.asked(example)
            let stages = try #require(try process.stages(queries, in: prepared))
            let answers = try process.predict(queries, in: prepared).map { Double($0.p) }
            let errors = [
                Self.difference(stages.scores, try golden.stage(example.name, "process.raw")),
                Self.difference(stages.leftOut, try golden.stage(example.name, "process.left_out")),
                Self.difference(answers, try golden.stage(example.name, "process.p")),
            ]
            print("process, \(example.name): largest errors of raw, left out, p \(errors)")
            #expect(errors.allSatisfy { $0 < 1e-5 }, "\(example.name)")
        }
    }

    @Test("character runs have the places, counts and wide share of the slow version")
    func characterRuns() throws {
        let (texts, grams) = try CompactHeadGolden.gramsOfTexts()
        let reader = CharacterGramReader()
        for (text, expected) in zip(texts, grams) {
            let found = reader.read(text)
            let pairs = zip(found.places, found.counts).sorted { $0.0 < $1.0 }
            #expect(pairs.map(\.0) == expected.places && pairs.map(\.1) == expected.counts, "\(text.prefix(20))")
            #expect(abs(found.wideShare - expected.wideShare) < 1e-6)
        }
    }

    @Test("with texts and side information an answer is the same bit for bit alone, in any batch and in any order")
    func batches() throws {
        for example in golden.cases where !example.references.isEmpty || example.parts == "fields" {
            let prepared = try head.prepare(golden.context(example), features: golden.contextFeatures(example))
            let asked = try golden.asked(example)
            let queries = QuerySet(texts: (0..<8).map { "prompt \($0) 素数" }, features: asked.features, side: asked.side)
            let together = try head.predict(queries, in: prepared)
            for index in 0..<queries.rows {
                #expect(try head.predict(queries.selecting([index]), in: prepared) == [together[index]])
            }
            let order = Array((0..<queries.rows).reversed())
            #expect(try head.predict(queries.selecting(order), in: prepared) == order.map { together[$0] })
            // More than one product's queries.
            let many = (0..<150).map { $0 % queries.rows }
            #expect(try head.predict(queries.selecting(many), in: prepared) == many.map { together[$0] })
        }
    }

    @Test("texts count: a query like a context's successes by its characters alone is predicted higher")
    func texts() throws {
        let features = golden.features(1).selecting([Int](repeating: 0, count: 40))
        let rows = try (0..<40).map { row in
            let outcome = try #require(Outcome(k: row % 2, n: 1))
            return ContextSet.Row(text: row % 2 == 0 ? "mango papaya \(row)" : "zinc copper \(row)", outcome: outcome)
        }
        let prepared = try head.prepare(#require(ContextSet(rows)), features: features)
        let queries = QuerySet(texts: ["zinc copper", "mango papaya"], features: features.selecting([0, 1]))
        let answers = try head.predict(queries, in: prepared)
        #expect(answers[0].p > answers[1].p + 0.1)
        // Without texts nothing distinguishes the two.
        let silent = try head.predict(QuerySet(features: features.selecting([0, 1])), in: prepared)
        #expect(silent[0] == silent[1])
    }

    @Test("references move the answers, and evidence counts them")
    func evidence() throws {
        let example = try #require(golden.cases.first { $0.name == "three-references" })
        let context = try golden.context(example)
        let prepared = try head.prepare(context, features: golden.contextFeatures(example))
        #expect(prepared.evidence == PredictionEvidence(contextRows: 32, references: 3))
        let plain = try #require(ContextSet(context.rows.map { .init(text: $0.text, outcome: $0.outcome) }))
        let without = try head.prepare(plain, features: golden.features(32))
        let queries = try golden.asked(example)
        #expect(try head.predict(queries, in: prepared).map(\.p) != head.predict(queries, in: without).map(\.p))
    }

    @Test("over many seeds useful covariates raise the AUC, and useless ones cost at most 0.01 at 60 rows")
    func covariates() throws {
        let features = golden.features(160)
        let prompts = try head.prepare(HeadSamples.context(rewards: []), features: golden.features(0))
        let difficulties = try head.stages(QuerySet(features: features), in: prompts).columns
        let arms: [(String, Set<SideSamples.Part>, Bool)] = [
            ("number", [.number], false), ("category", [.category], false), ("vector", [.vector], false),
            ("all", [.number, .category, .vector], false), ("useful", [.number, .category, .vector], true),
        ]
        for (name, parts, useful) in arms {
            var gain = 0.0
            for seed in 1...60 as ClosedRange<UInt64> {
                var samples = SideSamples(seed: seed, features: features) { row, noise in
                    1.2 * difficulties[row * CompactHeadConfiguration.columns] + 1.2 * noise
                }
                let without = try auc(samples)
                samples.addCovariates(parts, useful: useful)
                gain += (try auc(samples) - without) / 60
            }
            print(String(format: "compact head, covariates, 60 rows, %@: gain of AUC %+.4f", name, gain))
            #expect(useful ? gain > 0.05 : gain > -0.01, "\(name)")
        }
    }

    private func auc(_ samples: SideSamples) throws -> Double {
        let prepared = try head.prepare(samples.context(60), features: samples.contextFeatures(60), grams: nil)
        return samples.auc(try head.predict(samples.queries(from: 60).withoutTexts, in: prepared), from: 60)
    }

    private static func difference(_ found: [Double], _ expected: [Double]) -> Double {
        guard found.count == expected.count else { return .infinity }
        return zip(found, expected).reduce(0) { largest, pair in
            let difference = abs(pair.0 - pair.1)
            return difference.isNaN ? .infinity : max(largest, difference)
        }
    }
}

extension QuerySet {
    /// The same without texts, so that character runs do not count.
    fileprivate var withoutTexts: QuerySet { QuerySet(features: features, side: side) }
}
