public import Scoring

/// A context set as frames: its texts, 12 bytes a row for the outcomes (reward as float64, n as uint32), and a side frame
/// where it has side information.
///
/// Texts and records of the side frame are those of the rows, then those of the pool.
public struct ContextBlock: Hashable, Sendable {
    /// SHA-256 of the context set.
    public let digest: Digest
    /// The texts of the rows, then those of the pool.
    public let texts: TextBlock
    /// The rows' outcomes, packed.
    let outcomes: RawFrame
    /// What the side information means; empty if there is none.
    public let schema: SideSchema
    /// Prompts of the pool.
    public let poolCount: Int

    static let recordBytes = 12

    /// Packs a context set.
    public init(_ context: ContextSet) {
        digest = context.digest
        schema = context.schema
        poolCount = context.pool.count
        let side = context.rows.map(\.side) + context.pool.map(\.side)
        texts = TextBlock(
            context.texts, side: context.schema.isEmpty ? nil : SideBlock(side, schema: context.schema))
        var bytes: [UInt8] = []
        for row in context.rows {
            LittleEndian.append(row.outcome.reward.bitPattern, to: &bytes)
            LittleEndian.append(UInt32(clamping: row.outcome.n), to: &bytes)
        }
        outcomes = RawFrame(bytes)
    }

    init(
        digest: Digest, texts: TextBlock, outcomes: RawFrame, schema: SideSchema = .none, poolCount: Int = 0
    ) throws(WireError) {
        guard poolCount <= min(texts.count, ContextSet.poolRowsMax) else {
            throw .tooLarge("pool rows", found: poolCount, limit: ContextSet.poolRowsMax)
        }
        let rows = texts.count - poolCount
        guard rows <= ContextSet.rowsMax else {
            throw .tooLarge("context rows", found: rows, limit: ContextSet.rowsMax)
        }
        guard outcomes.count == rows * Self.recordBytes else {
            throw .badFrame("outcomes", found: outcomes.count, expected: rows * Self.recordBytes)
        }
        guard schema.isEmpty == (texts.side == nil), !schema.isEmpty || poolCount == 0 else {
            throw .badField("side", found: schema.isEmpty ? "no schema" : "a schema without a side frame")
        }
        self.digest = digest
        self.texts = texts
        self.outcomes = outcomes
        self.schema = schema
        self.poolCount = poolCount
    }

    /// A row's mean reward and number of rollouts, as the frame has them.
    static func record(_ outcomes: RawFrame, row: Int) -> (reward: Double, n: Int) {
        outcomes.withBytes { span in
            (
                Double(bitPattern: LittleEndian.uint64(span, at: row * recordBytes)),
                Int(LittleEndian.uint32(span, at: row * recordBytes + 8))
            )
        }
    }

    /// Number of rows, without the pool's.
    public var count: Int { texts.count - poolCount }

    /// The frames, in the order of the wire.
    var frames: [RawFrame] {
        [texts.lengthsFrame, texts.bytes, outcomes] + (texts.side.map { [$0.frame] } ?? [])
    }

    /// The context set; `nil` when a text is not UTF-8, an outcome is out of range, side information does not fit the
    /// schema, or the digest is another's.
    public var contextSet: ContextSet? {
        let side = texts.side?.rows(schema) ?? Array(repeating: SideInformation.none, count: texts.count)
        var rows: [ContextSet.Row] = []
        var pool: [ContextSet.PoolRow] = []
        for (i, (text, side)) in zip(texts.texts, side).enumerated() {
            guard let text, let side else { return nil }
            if i < count {
                let (reward, n) = Self.record(outcomes, row: i)
                guard let outcome = Outcome(reward: reward, n: n) else { return nil }
                rows.append(ContextSet.Row(text: text, outcome: outcome, side: side))
            } else {
                pool.append(ContextSet.PoolRow(text: text, side: side))
            }
        }
        guard let set = ContextSet(rows, schema: schema, pool: pool), set.digest == digest else { return nil }
        return set
    }
}
