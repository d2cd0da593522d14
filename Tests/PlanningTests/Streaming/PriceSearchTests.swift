import Planning
import Scoring
import Testing

@Suite("Search of a price")
struct PriceSearchTests {
    private struct Sample {
        let floor: Int
        let slopes: [Double]
        let ends: [Int]

        func budget(above price: Double) -> Int {
            let segments = slopes.count { $0 > price }
            return segments > 0 ? ends[segments - 1] : floor
        }
    }

    private static func samples(_ count: Int, _ random: inout SeededGenerator) -> [Sample] {
        (0..<count).map { _ in
            let segments = Int.random(in: 0...28, using: &random)
            // Some slopes are those of other samples, some are 0 or below.
            let slopes = Set((0..<segments).map { _ in Double(Int.random(in: -20...400, using: &random)) / 400 })
                .sorted(by: >)
            return Sample(floor: 4, slopes: slopes, ends: slopes.indices.map { $0 + 5 })
        }
    }

    @Test("sixty halvings give the same prices, to the bit, as looking at every sample, at a fraction of the cost")
    func same() {
        var random = SeededGenerator(seed: 7)
        var (looks, all) = (0, 0)
        for _ in 0..<200 {
            let count = Int.random(in: 1...256, using: &random)
            let samples = Self.samples(count, &random)
            var demands = DemandSamples(width: 29)
            for (index, sample) in samples.enumerated() {
                // Once more with another one before: a sample is replaced as a whole.
                demands.set(index, floor: 9, slopes: [0.9, 0.8, 0.7], ends: [10, 11, 12])
                demands.set(index, floor: sample.floor, slopes: sample.slopes, ends: sample.ends)
            }
            let target = Double(count) * Double.random(in: 3...34, using: &random)
            var (low, high) = (-1.0, samples.reduce(0) { max($0, $1.slopes.first ?? 0) })
            #expect(demands.slopeMax == high)
            var search = PriceSearch(demands, from: low, to: high)
            for _ in 0..<60 {
                let middle = 0.5 * (low + high)
                let spent = samples.reduce(0) { $0 + $1.budget(above: middle) }
                if Double(spent) > target { low = middle } else { high = middle }
                search.halve(target: target)
                #expect(search.low == low && search.high == high)
            }
            for (index, sample) in samples.enumerated() {
                #expect(search.budgets(of: index) == (sample.budget(above: high), sample.budget(above: low)))
            }
            looks += search.looks
            all += 60 * count
        }
        #expect(looks * 3 < all, "\(looks) of \(all) looks")
    }
}
