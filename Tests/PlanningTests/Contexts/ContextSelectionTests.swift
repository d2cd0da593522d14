import Planning
import Scoring
import Testing

@Suite("Context selection")
struct ContextSelectionTests {
    /// Rows of ages 0…9 in turn, every third one solved.
    private static func rows(_ count: Int) -> [ContextSelection.Row] {
        (0..<count).compactMap { index in
            Outcome(reward: index % 3 == 0 ? 1 : 0, n: 4).map {
                ContextSelection.Row(
                    text: "prompt \(index) of topic \(index % 7)", outcome: $0, age: Double(index % 10))
            }
        }
    }

    @Test(
        "a draw depends on rows, method and seed, not on the order of the rows",
        arguments: ContextSelection.Method.allCases)
    func orderFree(method: ContextSelection.Method) {
        let rows = Self.rows(300)
        let drawn = ContextSelection(method, count: 40, seed: 1).draw(from: rows)
        #expect(drawn == ContextSelection(method, count: 40, seed: 1).draw(from: rows.reversed()))
        #expect(drawn.count <= 40 && drawn.count >= (method == .prototypes ? 5 : 40))
        #expect(Set(drawn.map(\.text)).count == drawn.count)
        #expect(drawn != ContextSelection(method, count: 40, seed: 2).draw(from: rows))
    }

    @Test("all rows are drawn if there are no more than wanted", arguments: ContextSelection.Method.allCases)
    func small(method: ContextSelection.Method) {
        let rows = Self.rows(12)
        let drawn = ContextSelection(method, count: 40, seed: 1).draw(from: rows)
        #expect(Set(drawn.map(\.text)) == Set(rows.map(\.text)))
        #expect(ContextSelection(method, count: 40, seed: 1).draw(from: []).isEmpty)
        #expect(ContextSelection(method, count: 0, seed: 1).draw(from: rows).isEmpty)
    }

    @Test("uniform draws select every row equally often, within chance, over 400 seeds")
    func uniform() {
        let rows = Self.rows(100)
        var counts: [String: Int] = [:]
        for seed in UInt64(0)..<400 {
            for row in ContextSelection(.uniform, count: 25, seed: seed).draw(from: rows) {
                counts[row.text, default: 0] += 1
            }
        }
        // Binomial(400, 1/4): mean 100, deviation 8.7; five deviations for a hundred rows.
        let (least, most) = (rows.map { counts[$0.text] ?? 0 }.min() ?? 0, counts.values.max() ?? 0)
        print("uniform: each of 100 rows drawn \(least)…\(most) times of 400, 100 expected")
        #expect(least > 56 && most < 144)
    }

    @Test("recent draws select rows in proportion to their weights")
    func recent() {
        let rows = Self.rows(2000)
        var ages = [Int](repeating: 0, count: 10)
        for seed in UInt64(0)..<50 {
            let drawn = ContextSelection(.recent, count: 20, seed: seed).draw(from: rows)
            let texts = Set(drawn.map(\.text))
            for row in rows where texts.contains(row.text) { ages[Int(row.age)] += 1 }
        }
        print("recent: rows drawn by age \(ages)")
        // 20 of 2,000 rows leave the pool as it is: the ratio of ages 0 and 9 is near 0.9⁹ = 0.39.
        #expect(Double(ages[9]) < 0.6 * Double(ages[0]) && ages[9] > 0)
    }

    @Test("stratified draws have as many solved as failed rows if there are both")
    func stratified() {
        let drawn = ContextSelection(.stratified, count: 40, seed: 3).draw(from: Self.rows(300))
        #expect(drawn.count { $0.outcome.reward == 1 } == 20)
    }

    @Test("prototypes have the rollouts of all rows of their groups, and means that are valid rewards")
    func prototypes() {
        let rows = Self.rows(300)
        let drawn = ContextSelection(.prototypes, count: 10, seed: 3).draw(from: rows)
        #expect(drawn.reduce(0) { $0 + $1.outcome.n } == 300 * 4)
        #expect(drawn.contains { $0.outcome.reward > 0 && $0.outcome.reward < 1 })
    }
}
