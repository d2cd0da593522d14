import Planning
import Scoring
import Testing

@Suite("A prompt's own record")
struct PromptRecordTests {
    private static func record(_ entries: (k: Double, n: Int, age: Double)...) throws -> PromptRecord {
        try PromptRecord(
            promptID: "gsm8k/17", entries: entries.map { PromptRecord.Entry(k: $0.k, n: $0.n, age: $0.age) })
    }

    @Test("the prompt's own record joins the belief as decayed counts")
    func fuses() throws {
        let prior = try Belief(mean: 0.2, kappa: 5, promptID: "x")
        let record = try Self.record((6, 8, 0), (1, 4, 2))
        let fused = try prior.fused(with: record, decay: 0.5)
        // a = 1 + 6 + 0.25·1, b = 4 + 2 + 0.25·3.
        #expect(abs(fused.kappa - 14) < 1e-12)
        #expect(abs(fused.mean - 7.25 / 14) < 1e-12)
        #expect(try prior.fused(with: Self.record(), decay: 0.5) == prior)
        let forgotten = try prior.fused(with: record, decay: 0)
        #expect(abs(forgotten.kappa - 13) < 1e-12)
        // Partial credit counts as it is.
        let partial = try prior.fused(with: Self.record((2.5, 5, 0)), decay: 1)
        #expect(abs(partial.mean - 0.35) < 1e-12 && abs(partial.kappa - 10) < 1e-12)
    }

    @Test("at the default decay an outcome has half its weight after 69 steps")
    func halfLife() throws {
        let counts = try Self.record((4, 8, 69)).counts(decay: PromptRecord.decayDefault)
        #expect(abs(counts.rollouts - 4) < 0.01 && abs(counts.successes - 2) < 0.01)
    }

    @Test("joining two records in turn equals joining both at once, over 2,000 draws")
    func associative() throws {
        var worst = 0.0
        for seed in UInt64(0)..<2000 {
            var generator = SeededGenerator(seed: seed)
            let prior = try Belief(mean: generator.unit(), kappa: 0.1 + 20 * generator.unit(), promptID: "x")
            let entries = (0..<5).map { _ in
                let n = 1 + Int(generator.unit() * 16)
                return PromptRecord.Entry(
                    k: Double(Int(generator.unit() * Double(n + 1))), n: n, age: generator.unit() * 99)
            }
            let decay = generator.unit()
            let whole = try PromptRecord(promptID: "x", entries: entries)
            let halves = try [entries[..<2], entries[2...]].map { try PromptRecord(promptID: "x", entries: Array($0)) }
            let once = try prior.fused(with: whole, decay: decay)
            let twice = try prior.fused(with: halves[0], decay: decay).fused(with: halves[1], decay: decay)
            worst = max(worst, abs(once.mean - twice.mean), abs(once.kappa / twice.kappa - 1))
            #expect(once.mean >= 0 && once.mean <= 1 && once.kappa >= prior.kappa, "seed \(seed)")
        }
        #expect(worst < 1e-12)
        print("records joined in two parts and in one: maximum error \(worst)")
    }

    @Test("no record changes a point estimate")
    func pointStays() throws {
        let point = try Belief(mean: 0.2, promptID: "x")
        #expect(try point.fused(with: Self.record((8, 8, 0)), decay: 1) == point)
        #expect(try Belief(mean: 0.2, kappa: 3, promptID: "x").point == point)
    }

    @Test("invalid counts, negative ages and decays outside [0, 1] are rejected")
    func rejections() throws {
        for (k, n) in [(9.0, 8), (-1, 8), (Double.nan, 8), (.infinity, 8), (0, 0), (0, -3)] {
            let error = #expect(throws: PlanningError.self) { try Self.record((1, 2, 0), (k, n, 1)) }
            #expect(error?.description.contains("gsm8k/17, record entry 1") == true, "\(k) of \(n)")
        }
        for age in [-1, -Double.infinity, .nan] {
            let error = #expect(throws: PlanningError.self) { try Self.record((1, 2, age)) }
            #expect(error?.description.contains("gsm8k/17") == true)
        }
        let prior = try Belief(mean: 0.2, kappa: 5, promptID: "x")
        for decay in [1.5, -0.1, .nan] {
            #expect(throws: PlanningError.self) { try prior.fused(with: Self.record((1, 2, 0)), decay: decay) }
        }
    }
}
