public import Scoring

/// A context set as frames: its texts, and 12 bytes a row for the outcomes (reward as float64, n as uint32).
public struct ContextBlock: Hashable, Sendable {
    /// SHA-256 of the context set.
    public let digest: Digest
    /// The rows' texts.
    public let texts: TextBlock
    /// The rows' outcomes, packed.
    let outcomes: [UInt8]

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
        outcomes = bytes
    }

    init(digest: Digest, texts: TextBlock, outcomes: [UInt8]) throws(WireError) {
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

    /// Number of rows.
    public var count: Int { texts.count }

    /// The context set; `nil` when a text is not UTF-8, an outcome is out of range or the digest is another's.
    public var contextSet: ContextSet? {
        var rows: [ContextSet.Row] = []
        for (i, text) in texts.texts.enumerated() {
            let reward = Double(bitPattern: LittleEndian.uint64(outcomes, at: i * Self.recordBytes))
            let n = Int(LittleEndian.uint32(outcomes, at: i * Self.recordBytes + 8))
            guard let text, let outcome = Outcome(reward: reward, n: n) else { return nil }
            rows.append(ContextSet.Row(text: text, outcome: outcome))
        }
        guard let set = ContextSet(rows), set.digest == digest else { return nil }
        return set
    }
}
