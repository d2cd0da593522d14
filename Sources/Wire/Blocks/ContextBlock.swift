public import Scoring

/// A context set as frames: its texts, and 12 bytes a row for the outcomes (reward as float64, n as uint32).
public struct ContextBlock: Hashable, Sendable {
    /// SHA-256 of the context set.
    public let digest: Digest
    /// The rows' texts.
    public let texts: TextBlock
    /// The rows' outcomes, packed.
    let outcomes: RawFrame

    static let recordBytes = 12

    /// Packs a context set.
    public init(_ context: ContextSet) {
        digest = context.digest
        texts = TextBlock(context.rows.map(\.text))
        var bytes: [UInt8] = []
        for row in context.rows {
            LittleEndian.append(row.outcome.reward.bitPattern, to: &bytes)
            LittleEndian.append(UInt32(clamping: row.outcome.n), to: &bytes)
        }
        outcomes = RawFrame(bytes)
    }

    init(digest: Digest, texts: TextBlock, outcomes: RawFrame) throws(WireError) {
        guard texts.count <= ContextSet.rowsMax else {
            throw .tooLarge("context rows", found: texts.count, limit: ContextSet.rowsMax)
        }
        guard outcomes.count == texts.count * Self.recordBytes else {
            throw .badFrame("outcomes", found: outcomes.count, expected: texts.count * Self.recordBytes)
        }
        self.digest = digest
        self.texts = texts
        self.outcomes = outcomes
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

    /// Number of rows.
    public var count: Int { texts.count }

    /// The context set; `nil` when a text is not UTF-8, an outcome is out of range or the digest is another's.
    public var contextSet: ContextSet? {
        var rows: [ContextSet.Row] = []
        for (i, text) in texts.texts.enumerated() {
            let (reward, n) = Self.record(outcomes, row: i)
            guard let text, let outcome = Outcome(reward: reward, n: n) else { return nil }
            rows.append(ContextSet.Row(text: text, outcome: outcome))
        }
        guard let set = ContextSet(rows), set.digest == digest else { return nil }
        return set
    }
}
