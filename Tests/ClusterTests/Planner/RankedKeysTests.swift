import Cluster
import Scoring
import Synchronization
import Testing

@Suite("Keys in the order of a rank")
struct RankedKeysTests {
    @Test("whatever is set and removed, the first ones are those of a sort")
    func order() {
        var random = SeededGenerator(seed: 11)
        var ranked = RankedKeys<Int, Int>()
        var plain: [Int: Int] = [:]
        for _ in 0..<20_000 {
            let key = Int.random(in: 0..<200, using: &random)
            // Many ranks are equal: then the keys decide.
            let rank = Int.random(in: 0..<4, using: &random) == 0 ? nil : Int.random(in: 0..<50, using: &random)
            ranked[key] = rank
            plain[key] = rank
            #expect(ranked[key] == rank && ranked.count == plain.count)
            let sorted = plain.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
            #expect(ranked.first?.key == sorted.first?.key && ranked.first?.rank == sorted.first?.value)
            for besides in [key, sorted.first?.key ?? 0] {
                #expect(ranked.first(besides: besides)?.key == sorted.first { $0.key != besides }?.key)
            }
            #expect(ranked.brokenInvariants.isEmpty)
        }
    }

    /// A rank that counts how often it is compared.
    private struct Counted: Comparable, Sendable {
        let value: Int
        let count: Count

        static func == (one: Counted, other: Counted) -> Bool {
            one.count.add()
            return one.value == other.value
        }

        static func < (one: Counted, other: Counted) -> Bool {
            one.count.add()
            return one.value < other.value
        }
    }

    private final class Count: Sendable {
        let value = Atomic<Int>(0)

        func add() { value.wrappingAdd(1, ordering: .relaxed) }
    }

    @Test("a change costs comparisons by the logarithm of the keys, a look at the first none or few")
    func cost() {
        let count = Count()
        var ranked = RankedKeys<Int, Counted>()
        let keys = 1 << 14
        for key in 0..<keys { ranked[key] = Counted(value: keys - key, count: count) }
        var random = SeededGenerator(seed: 12)
        for use in 0..<1000 {
            let before = count.value.load(ordering: .relaxed)
            ranked[Int.random(in: 0..<keys, using: &random)] = Counted(value: keys + use, count: count)
            let changed = count.value.load(ordering: .relaxed)
            // A level of the heap costs two comparisons of pairs, each of two comparisons of ranks.
            #expect(changed - before <= 14 * 4 + 4)
            _ = ranked.first(besides: ranked.first?.key ?? 0)
            #expect(count.value.load(ordering: .relaxed) - changed <= 2)
        }
    }
}
