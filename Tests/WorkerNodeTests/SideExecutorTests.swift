import Cluster
import FeatureStore
import Scoring
import Testing
import Wire
import WorkerNode

@Suite("InferenceExecutor: side information reaches the head")
struct SideExecutorTests {
    private static let schema = SideSchema(references: [.init(name: "a"), .init(name: "b")], numbers: ["level"])

    private func executor(_ model: EchoModel) -> InferenceExecutor {
        InferenceExecutor(
            model: model,
            cache: TieredFeatureCache(memory: FeatureCache(bytesMax: 1 << 20), store: nil, for: model) { _ in })
    }

    private func side(_ rewards: [Double], level: Float? = nil, poolRow: Int? = nil) throws -> SideInformation {
        var entries: [SideInformation.ReferenceOutcome] = []
        for (place, reward) in rewards.enumerated() {
            entries.append(.init(reference: place, outcome: try #require(Outcome(reward: reward))))
        }
        return SideInformation(references: entries, numbers: level.map { [$0] } ?? [], poolRow: poolRow)
    }

    private func context() throws -> ContextBlock {
        let row = ContextSet.Row(
            text: "context", outcome: try #require(Outcome(reward: 1)), side: try side([1, 0], level: 2, poolRow: 0))
        let set = try #require(
            ContextSet(
                [row], schema: Self.schema, pool: [ContextSet.PoolRow(text: "context", side: try side([1, 0]))]))
        return ContextBlock(set)
    }

    @Test("schema, pool and the rows' and queries' side information are those that were sent")
    func echo() throws {
        let model = EchoModel()
        var executor = executor(model)
        let block = try context()
        #expect(try executor.prepare(block, onProgress: {}) == nil)
        let prepared = try #require(model.prepared.first)
        #expect(prepared.schema == Self.schema && prepared.pool.count == 1)
        #expect(prepared.rows[0].side == (try side([1, 0], level: 2, poolRow: 0)))
        let known = [try side([0.25, 0.75], level: 3), .none, try side([1], poolRow: 0)]
        let texts = TextBlock(["x", "y", "z"], side: SideBlock(known, schema: Self.schema))
        let (answers, faults, _) = try executor.score(texts, context: block.digest, onProgress: {})
        #expect(faults.isEmpty)
        #expect((0..<3).map { answers[$0]?.p } == [0.5, 0.5, 1])
        #expect((0..<3).map { answers[$0]?.kappa } == [3, 1, 2])
        #expect(model.queries[0].side == known && model.queries[0].texts == ["x", "y", "z"])
    }

    @Test("a row whose side information does not fit gets a fault, and no other row does")
    func misfit() throws {
        let model = EchoModel()
        var executor = executor(model)
        let block = try context()
        #expect(try executor.prepare(block, onProgress: {}) == nil)
        let texts = TextBlock(
            ["x", "y"], side: SideBlock([try side([1], poolRow: 7), try side([0])], schema: Self.schema))
        let (answers, faults, _) = try executor.score(texts, context: block.digest, onProgress: {})
        #expect(faults.map(\.code) == ["bad_side_information"] && faults.map(\.row) == [0])
        #expect(answers[0] == nil && answers[1]?.p == 0)
        let other = TextBlock(["x"], side: SideBlock([.none], schema: SideSchema(numbers: ["a", "b"])))
        #expect(
            try executor.score(other, context: block.digest, onProgress: {}).1.map(\.code) == ["bad_side_information"])
    }

    @Test("a head that reads texts only refuses the context with a code of its own")
    func textOnly() throws {
        var executor = executor(EchoModel(isTextOnly: true))
        let failure = try #require(try executor.prepare(try context(), onProgress: {}))
        #expect(failure.code == "side_information_unsupported" && failure.message.contains("echo"))
    }
}
