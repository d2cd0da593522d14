import Scoring
import Testing
import Wire

@Suite("Side information as a frame")
struct SideBlockTests {
    private static let schema = SideSchema(
        references: [.init(name: "a"), .init(name: "b@3"), .init(name: "c"), .init(name: "t", kind: .ownRecord)],
        numbers: ["level", "length"], categories: ["subject"], vectors: [.init(name: "states", columns: 3)])

    /// A row with every part now and then.
    private static func row(_ chance: inout SeededGenerator) -> SideInformation {
        var references: [SideInformation.ReferenceOutcome] = []
        for reference in 0..<4 where chance.next() % 2 == 0 {
            let n = 1 + Int(chance.next() % 1000)
            let outcome =
                chance.next() % 2 == 0
                ? Outcome(k: Int(chance.next() % UInt64(n + 1)), n: n) : Outcome(reward: chance.unit(), n: n)
            if let outcome { references.append(.init(reference: reference, outcome: outcome)) }
        }
        let has = (0..<4).map { _ in chance.next() % 2 == 0 }
        return SideInformation(
            references: references, numbers: has[0] ? [Float(chance.unit()), .infinity] : [],
            categories: has[1] ? [SideSchema.code(of: "algebra")] : [],
            vectors: has[2] ? (0..<3).map { _ in Float(chance.unit()) } : [],
            poolRow: has[3] ? Int(chance.next() % 1024) : nil)
    }

    @Test("rows are read back unchanged, whole and in slices")
    func roundTrips() throws {
        var chance = SeededGenerator(seed: 7)
        for count in 0..<40 {
            let rows = (0..<count).map { _ in Self.row(&chance) }
            let texts = TextBlock((0..<count).map { "t\($0)" }, side: SideBlock(rows, schema: Self.schema))
            #expect(texts.side?.rows(Self.schema) == rows)
            for start in stride(from: 0, to: count, by: 7) {
                let part = texts.slice(start..<count)
                #expect(part.side?.rows(Self.schema) == Array(rows[start...]))
            }
        }
    }

    @Test("a prompt of which nothing is known costs four bytes")
    func nothing() throws {
        let job = JobID(high: 1, low: 2)
        let bytes = { (side: SideBlock?) in
            let shard = SubmitShard(
                job: job, shard: 0, tokens: 1, affinity: 0, texts: TextBlock(["a", "b", "c"], side: side))
            return Envelope(generation: 1, .submitShard(shard)).frames
        }
        let frames = bytes(SideBlock([.none, .none, .none], schema: Self.schema))
        #expect(frames.count == 4)
        #expect(frames[3].count == 12 + 3 * 4)
        #expect(bytes(nil).count == 3)
    }

    @Test("rows of another schema are read as none")
    func otherSchema() {
        let block = SideBlock(
            [SideInformation(references: [.init(reference: 3, outcome: Outcome(reward: 0)!)])], schema: Self.schema)
        #expect(block.rows(SideSchema(references: [.init(name: "a")])) == [nil])
        let fewer = SideSchema(
            references: [.init(name: "a")], numbers: Self.schema.numbers, categories: Self.schema.categories,
            vectors: Self.schema.vectors)
        #expect(block.rows(fewer) == [nil])
    }

    @Test("a context with side information is read back with its digest")
    func contexts() throws {
        var chance = SeededGenerator(seed: 11)
        let rows = (0..<30).map { index in
            var side = Self.row(&chance)
            if side.poolRow != nil {
                side = SideInformation(references: side.references, numbers: side.numbers, poolRow: index % 5)
            }
            return ContextSet.Row(text: "c\(index)", outcome: Outcome(k: index % 4, n: 3 + index)!, side: side)
        }
        let pool = (0..<5).map { index in
            ContextSet.PoolRow(
                text: "p\(index)",
                side: SideInformation(references: [.init(reference: index % 4, outcome: Outcome(k: 1, n: 3)!)]))
        }
        let set = try #require(ContextSet(rows, schema: Self.schema, pool: pool))
        let sent = Envelope(generation: 3, .context(ContextBlock(set)))
        #expect(sent.frames.count == 5)
        guard case .context(let block) = try Envelope(frames: sent.frames).message else { return #expect(Bool(false)) }
        #expect(block.count == 30 && block.poolCount == 5 && block.schema == Self.schema)
        let read = try #require(block.contextSet)
        #expect(read.rows == set.rows && read.pool == set.pool && read.digest == set.digest)
    }

    @Test("a frame cut short, too long, or with other sizes is refused or gives no rows, and never traps")
    func hostile() throws {
        var chance = SeededGenerator(seed: 3)
        let rows = (0..<6).map { _ in Self.row(&chance) }
        let shard = SubmitShard(
            job: JobID(high: 1, low: 2), shard: 0, tokens: 1, affinity: 0,
            texts: TextBlock((0..<6).map { "t\($0)" }, side: SideBlock(rows, schema: Self.schema)))
        let frames = Envelope(generation: 1, .submitShard(shard)).frames
        for round in 0..<5000 {
            var side = frames[3]
            switch round % 3 {
            case 0: side.removeLast(1 + Int(chance.next() % UInt64(side.count)))
            case 1: side.append(UInt8(truncatingIfNeeded: chance.next()))
            default: side[Int(chance.next() % UInt64(side.count))] = UInt8(truncatingIfNeeded: chance.next())
            }
            let message = try? Envelope(frames: Array(frames[..<3]) + [side]).message
            guard case .submitShard(let read)? = message else { continue }
            #expect(round % 3 == 2)
            #expect(read.content.side?.rows(Self.schema).count == 6)
        }
        #expect(throws: WireError.self) { try Envelope(frames: Array(frames[..<3])) }
    }

    @Test("a schema beyond its bounds is refused with the number")
    func bounds() {
        let many = SideSchema(references: (0..<65).map { .init(name: "\($0)") })
        #expect(many.fault == .references(65))
        #expect(SideSchema(numbers: ["a", "a"]).fault == .repeatedName("a"))
        #expect(SideSchema(numbers: [""]).fault == .name(bytes: 0))
        #expect(SideSchema(vectors: [.init(name: "v", columns: 16_385)]).fault == .vectorColumns(16_385))
        #expect(SideSchema(vectors: [.init(name: "v", columns: .max), .init(name: "w", columns: .max)]).fault != nil)
        #expect(Self.schema.fault == nil)
        let set = ContextSet([], schema: many)
        let frames = set.map { Envelope(generation: 0, .context(ContextBlock($0))).frames }
        #expect(throws: WireError.badField("side", found: "65 references, at most 64 are possible")) {
            try Envelope(frames: frames ?? [])
        }
    }
}
