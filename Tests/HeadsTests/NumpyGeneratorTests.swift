import Foundation
import Heads
import Testing

@Suite("NumpyGenerator and EnsemblePlan")
struct NumpyGeneratorTests {
    struct Golden: Decodable {
        struct Draws: Decodable {
            let seed: UInt64
            let state: String
            let increment: String
            let raw: [String]
            let bounds: [Int]
            let below: [Int]
            let choice: [Int]
            let permutation: [Int]
        }
        struct Plan: Decodable {
            struct Member: Decodable {
                let seed: Int
                let salt: Int
                let permutation: [Int]
            }
            let members: Int
            let columns: Int
            let plan: [Member]
        }
        let draws: [Draws]
        let plans: [Plan]
    }

    let golden: Golden

    init() throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(V0HeadGolden.folder)/rng.json"))
        golden = try JSONDecoder().decode(Golden.self, from: data)
    }

    @Test("state, raw bits, bounded integers, choices and permutations are numpy's")
    func draws() {
        for expected in golden.draws {
            var generator = NumpyGenerator(seed: expected.seed)
            #expect("\(generator.words.state)" == expected.state, "seed \(expected.seed)")
            #expect("\(generator.words.increment)" == expected.increment)
            var raw = generator
            #expect(expected.raw.map { _ in "\(raw.next64())" } == expected.raw)
            #expect(expected.bounds.map { generator.below($0) } == expected.below, "seed \(expected.seed)")
            #expect(generator.choice(50..<54) == expected.choice)
            #expect(generator.permutation(337) == expected.permutation)
        }
        #expect(golden.draws.count == 6)
    }

    @Test("the ensemble's seeds, salts and orders of columns are the reference's, for other sizes too")
    func plans() {
        for expected in golden.plans {
            let plan = EnsemblePlan(seed: 0, members: expected.members, columns: expected.columns)
            #expect(plan.members.count == expected.plan.count)
            for (found, member) in zip(plan.members, expected.plan) {
                #expect(found.seed == member.seed && found.salt == member.salt)
                #expect(found.permutation == member.permutation, "\(expected.columns) columns")
            }
        }
        #expect(EnsemblePlan(seed: 0, members: 4, columns: 1008).members.map(\.salt) == [42817, 47284, 27435, 35748])
    }
}
