import Cluster
import Scoring
import Testing

@Suite("A dictionary that grows part by part")
struct GradualDictionaryTests {
    @Test("whatever is set and removed, it has what a dictionary has")
    func same() {
        var random = SeededGenerator(seed: 21)
        var gradual = GradualDictionary<String, Int>()
        var plain: [String: Int] = [:]
        for step in 0..<20_000 {
            let key = "key \(Int.random(in: 0..<3000, using: &random))"
            switch Int.random(in: 0..<5, using: &random) {
            case 0: #expect(gradual.removeValue(forKey: key) == plain.removeValue(forKey: key))
            case 1: (gradual[key], plain[key]) = (nil, nil)
            case 2:
                gradual[key, default: 7] += step
                plain[key, default: 7] += step
            default: (gradual[key], plain[key]) = (step, step)
            }
            #expect(gradual[key] == plain[key] && gradual.count == plain.count && gradual.isEmpty == plain.isEmpty)
        }
        #expect(Dictionary(uniqueKeysWithValues: gradual.elements.map { ($0.key, $0.value) }) == plain)
    }

    @Test("a plan's texts move few of those that are there")
    func gradual() {
        var gradual = GradualDictionary<String, Int>()
        var number = 0
        for _ in 0..<60 {
            let before = gradual.fillings
            for _ in 0..<4096 {
                gradual["prompt \(number)"] = number
                number += 1
            }
            let moved = zip(before, gradual.fillings).reduce(0) {
                $0 + ($1.0.capacity == $1.1.capacity ? 0 : $1.0.count)
            }
            guard before.reduce(0, { $0 + $1.count }) > 60_000 else { continue }
            // A tenth at most, by and large: hashes differ from run to run. A dictionary that is full moves all.
            #expect(moved * 2 < number, "\(moved) of \(number)")
        }
    }
}
