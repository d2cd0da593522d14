import Scoring
import Testing

@Suite("Keys of random draws")
struct DrawKeyTests {
    private let keys = (0..<2000).map { DrawKey(Digest(of: "prompt \($0)")) }

    @Test("rank and half follow from the digest's first sixteen bytes and the seed")
    func formula() {
        for seed in [-1, 0, 7] {
            let spread = SeededGenerator.mixed(UInt64(bitPattern: Int64(seed)))
            for key in keys.prefix(20) {
                #expect(key.rank(seed: seed) == SeededGenerator.mixed(key.digest.leading ^ spread))
                #expect(key.isFirstHalf(seed: seed) == (SeededGenerator.mixed(key.digest.second ^ spread) & 1 == 0))
            }
        }
    }

    @Test("each half has about half of the texts, whatever the rank")
    func halves() {
        for seed in 0..<3 {
            let ordered = keys.sorted { $0.rank(seed: seed) < $1.rank(seed: seed) }
            for part in [ordered.prefix(1000), ordered.suffix(1000)] {
                // 1,000 coins: a deviation of 80 is five standard errors.
                #expect(abs(part.count { $0.isFirstHalf(seed: seed) } - 500) < 80)
            }
        }
    }

    @Test("another seed gives another order, equal texts have equal keys")
    func seeds() {
        let orders = (0..<3).map { seed in keys.sorted { $0.rank(seed: seed) < $1.rank(seed: seed) } }
        #expect(Set(orders.map { $0.prefix(50).map(\.digest) }).count == 3)
        #expect(DrawKey(Prompt(id: "a", text: "x").digest) == DrawKey(Prompt(id: "b", text: "x").digest))
    }
}
