import ReferenceDraws
import Scoring
import Testing

@Suite("Drawn references")
struct ReferenceDrawsTests {
    private static func digest(_ number: Int) -> Digest { Digest(of: "t\(number)") }

    /// Policies `p0` … on texts `t0` …; `p<k>` succeeds where the number's bit k is set.
    private static func bank(policies: Int = 5, texts: Int = 60, more: [ReferenceBank.Row] = []) throws -> ReferenceBank
    {
        var rows: [ReferenceBank.Row] = []
        for policy in 0..<policies {
            for text in 0..<texts {
                let outcome = try #require(Outcome(reward: Double(text >> policy & 1)))
                rows.append(
                    .init(
                        policy: Policy(id: "p\(policy)"), text: "t\(text)", digest: digest(text), outcome: outcome))
            }
        }
        return ReferenceBank(rows + more)
    }

    private static func drawn(
        _ arm: ReferenceArm, of target: Policy = Policy(id: "p0"), in bank: ReferenceBank, coverage: Double = 1,
        seed: Int = 0
    ) -> DrawnReferences? {
        DrawnReferences(
            arm, of: target, on: (0..<40).map(digest), in: bank, coverage: coverage, seed: seed)
    }

    /// Context of t0 … t19 and queries t20 … t39.
    private static func joined(
        _ drawn: DrawnReferences
    ) throws -> (context: ContextSet, queries: [SideInformation]) {
        let outcome = try #require(Outcome(reward: 1))
        let result = drawn.joined(
            (0..<20).map { ContextSet.Row(text: "t\($0)", outcome: outcome) }, digests: (0..<20).map(digest),
            queries: (20..<40).map { .init(text: "t\($0)", digest: digest($0)) })
        return (try #require(result.context), result.queries)
    }

    @Test("arms are written as they are read, and other words are none")
    func arms() {
        for text in ["none", "files", "others:3", "shuffled:1", "inverted:63", "earlier:2"] {
            #expect(ReferenceArm(text)?.description == text)
        }
        for text in ["others", "others:0", "others:64", "others:x", "best:3", "", "others:3:4"] {
            #expect(ReferenceArm(text) == nil)
        }
    }

    @Test("a smaller number of references is the beginning of a larger one, and seeds differ")
    func nested() throws {
        let bank = try Self.bank()
        let four = try #require(Self.drawn(.others(4), in: bank)).policies
        #expect(Set(four) == Set((1...4).map { Policy(id: "p\($0)") }))
        for count in 1...3 {
            #expect(try #require(Self.drawn(.others(count), in: bank)).policies == Array(four.prefix(count)))
        }
        let orders = Set((0..<10).compactMap { Self.drawn(.others(4), in: bank, seed: $0)?.policies })
        #expect(orders.count > 3)
        #expect(Self.drawn(.others(5), in: bank) == nil && Self.drawn(.none, in: bank) == nil)
    }

    @Test("no version of the target is a reference, and other policies count once, by their latest version")
    func versions() throws {
        var more: [ReferenceBank.Row] = []
        for (id, version) in [("p0", 1), ("p0", 2), ("run", 1), ("run", 7)] {
            for text in 0..<60 {
                let outcome = try #require(Outcome(reward: Double(version % 2)))
                more.append(
                    .init(
                        policy: Policy(id: id, version: version), text: "t\(text)", digest: Self.digest(text),
                        outcome: outcome))
            }
        }
        let bank = try Self.bank(policies: 2, more: more)
        for target in [Policy(id: "p0"), Policy(id: "p0", version: 2)] {
            let found = try #require(Self.drawn(.others(2), of: target, in: bank)).policies
            #expect(Set(found) == [Policy(id: "p1"), Policy(id: "run", version: 7)])
        }
        let earlier = try #require(Self.drawn(.earlier(1), of: Policy(id: "run", version: 7), in: bank)).policies
        #expect(earlier == [Policy(id: "run", version: 1)])
        #expect(Self.drawn(.earlier(1), of: Policy(id: "run", version: 1), in: bank) == nil)
        #expect(Self.drawn(.earlier(1), of: Policy(id: "p1"), in: bank) == nil)
    }

    @Test("a policy with outcomes on less than half of the prompts is not drawn, but is used from files")
    func halves() throws {
        let outcome = try #require(Outcome(reward: 1))
        let more = (0..<15).map {
            ReferenceBank.Row(
                policy: Policy(id: "few"), text: "t\($0)", digest: Self.digest($0), outcome: outcome)
        }
        let bank = try Self.bank(policies: 3, more: more)
        #expect(Self.drawn(.others(3), in: bank) == nil)
        let files = try #require(Self.drawn(.files, in: bank)).policies
        #expect(files == [Policy(id: "p1"), Policy(id: "p2"), Policy(id: "few")])
    }

    @Test("the pool has the context's rows first, and rows and queries know their place in it")
    func pool() throws {
        let (context, queries) = try Self.joined(try #require(Self.drawn(.others(3), in: try Self.bank())))
        #expect(context.schema.references.count == 3)
        #expect(context.pool.count == 60 && Set(context.pool.map(\.text)).count == 60)
        #expect(context.pool.prefix(20).map(\.text) == (0..<20).map { "t\($0)" })
        for (place, row) in context.rows.enumerated() {
            #expect(row.side.poolRow == place && row.side.references.count == 3)
        }
        for (number, side) in zip(20..<40, queries) {
            #expect(context.pool[try #require(side.poolRow)].text == "t\(number)")
        }
    }

    @Test("an inverted arm turns its last reference only, a shuffled one keeps each reference's mean")
    func changed() throws {
        let bank = try Self.bank(texts: 64)
        func outcomes(_ arm: ReferenceArm) throws -> [[Double]] {
            let (context, _) = try Self.joined(try #require(Self.drawn(arm, in: bank)))
            return context.pool.sorted { $0.text < $1.text }.map { $0.side.references.map(\.outcome.reward) }
        }
        let good = try outcomes(.others(3))
        let inverted = try outcomes(.inverted(3))
        for (left, right) in zip(good, inverted) {
            #expect(left[0] == right[0] && left[1] == right[1] && left[2] == 1 - right[2])
        }
        let shuffled = try outcomes(.shuffled(3))
        for place in 0..<3 {
            #expect(good.map { $0[place] } != shuffled.map { $0[place] })
            #expect(good.reduce(0) { $0 + $1[place] } == shuffled.reduce(0) { $0 + $1[place] })
        }
    }

    @Test("with a coverage of 30 %, outcomes are known on about that share of prompts, the same for all references")
    func coverage() throws {
        let bank = try Self.bank(texts: 600)
        let drawn = try #require(Self.drawn(.others(2), in: bank, coverage: 0.3))
        let (context, queries) = try Self.joined(drawn)
        #expect(context.pool.count > 130 && context.pool.count < 230)
        #expect(context.pool.allSatisfy { $0.side.references.count == 2 })
        let sides = context.rows.map(\.side) + queries
        #expect(sides.contains { $0.references.isEmpty } && sides.contains { !$0.references.isEmpty })
        #expect(sides.allSatisfy { ($0.poolRow == nil) == $0.references.isEmpty })
    }
}
