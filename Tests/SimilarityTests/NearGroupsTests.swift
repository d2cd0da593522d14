import Scoring
import Similarity
import Testing

/// Groups of near rows, by the exact search and by hyperplanes, against a slow search of the same definition.
@Suite("Near-duplicates by embedding")
struct NearGroupsTests {
    static let columns = 37

    /// `centres` random rows; each further row is a centre with some noise. Rows have any length.
    static func rows(_ count: Int, centres: Int, noise: Float, seed: UInt64) -> [[Float]] {
        var generator = SeededGenerator(seed: seed)
        func random() -> Float { Float(generator.unit() * 2 - 1) }
        let middles = (0..<centres).map { _ in (0..<columns).map { _ in random() } }
        return (0..<count).map { row in
            let scale = Float(generator.unit()) + 0.5
            return middles[row < centres ? row : Int(generator.next() % UInt64(centres))].map {
                scale * ($0 + noise * random())
            }
        }
    }

    /// The definition, in the simplest way.
    static func groups(_ rows: [[Float]], threshold: Double) -> [Int] {
        func cosine(_ one: [Float], _ other: [Float]) -> Double {
            func product(_ a: [Float], _ b: [Float]) -> Double {
                zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            }
            return product(one, other) / (product(one, one) * product(other, other)).squareRoot()
        }
        var firsts: [[Float]] = []
        return rows.map { row in
            if let group = firsts.firstIndex(where: { cosine($0, row) >= threshold }) { return group }
            firsts.append(row)
            return firsts.count - 1
        }
    }

    @Test(
        "groups are those of comparing every row with every first row, however rows come",
        arguments: [1, 3, 4, 50, 400])
    func exact(_ rowsPerCall: Int) {
        let rows = Self.rows(400, centres: 60, noise: 0.35, seed: 3)
        var near = NearGroups(columns: Self.columns, threshold: 0.9)
        var found: [Int] = []
        for start in stride(from: 0, to: rows.count, by: rowsPerCall) {
            found += near.add(rows[start..<min(rows.count, start + rowsPerCall)].flatMap { $0 })
        }
        #expect(found == Self.groups(rows, threshold: 0.9))
        #expect(near.rows == 400 && near.groups == (found.max() ?? 0) + 1 && near.isExact)
        #expect(near.groups > 60 && near.groups < 400)
        #expect(near.recall == nil && near.designedRecall == nil)
    }

    @Test("equal rows of one block are one group, and rows without a direction are near to none")
    func blocks() {
        var near = NearGroups(columns: 3, threshold: 0.99)
        #expect(near.add([1, 2, 3, 2, 4, 6, -1, -2, -3, 1, 2, 3]) == [0, 0, 1, 0])
        #expect(near.add([0, 0, 0, 0, 0, 0, .nan, 1, 1, .infinity, 1, 1]) == [2, 3, 4, 5])
        #expect(near.add([-1, -2, -3]) == [1])
        #expect(near.add([]).isEmpty && near.rows == 9)
    }

    @Test("hyperplanes find the near groups that they promise, and say how many they found")
    func hyperplanes() {
        let rows = Self.rows(6000, centres: 1500, noise: 0.1, seed: 5)
        let exact = Self.groups(rows, threshold: 0.9)
        var near = NearGroups(columns: Self.columns, threshold: 0.9, exactGroups: 200, seed: 7)
        let found = near.add(rows.flatMap { $0 })
        #expect(!near.isExact)
        let designed = near.designedRecall ?? 0
        #expect(designed >= 0.95 && designed < 1)
        // Pairs here are nearer than the threshold, so more of them are found.
        let expected = exact.count - Set(exact).count
        let repeats = found.count - near.groups
        #expect(Double(repeats) >= designed * Double(expected) && repeats <= expected)
        #expect(near.sampled > 20 && (near.recall ?? 0) >= 0.9 && (near.recall ?? 2) <= 1)
        var again = NearGroups(columns: Self.columns, threshold: 0.9, exactGroups: 200, seed: 7)
        #expect(again.add(rows.flatMap { $0 }) == found)
    }

    @Test("a group that is found is near: hyperplanes never join rows that are not")
    func noFalseGroups() {
        let rows = Self.rows(900, centres: 300, noise: 0.5, seed: 11)
        var near = NearGroups(columns: Self.columns, threshold: 0.8, exactGroups: 10)
        let found = near.add(rows.flatMap { $0 })
        var firsts: [Int: [Float]] = [:]
        for (row, group) in zip(rows, found) {
            guard let first = firsts[group] else {
                firsts[group] = row
                continue
            }
            #expect(Self.groups([first, row], threshold: 0.799) == [0, 0])
        }
        #expect(firsts.count == near.groups)
    }
}
