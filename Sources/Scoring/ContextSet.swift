import Crypto

/// The (prompt, outcome) pairs that profile a policy version, and what is known beside them. Their order and number are
/// part of its identity.
public struct ContextSet: Sendable {
    /// One pair.
    public struct Row: Hashable, Sendable {
        /// The prompt's text.
        public let text: String
        /// The result of the policy's rollouts on it.
        public let outcome: Outcome
        /// What else is known about the prompt.
        public let side: SideInformation

        /// Pairs a prompt's text with its outcome.
        public init(text: String, outcome: Outcome, side: SideInformation = .none) {
            self.text = text
            self.outcome = outcome
            self.side = side
        }
    }

    /// A prompt on which references have outcomes and the policy may have none: it says what is hard for them.
    public struct PoolRow: Hashable, Sendable {
        /// The prompt's text.
        public let text: String
        /// The references' outcomes on it.
        public let side: SideInformation

        /// Pairs a prompt's text with what is known about it.
        public init(text: String, side: SideInformation) {
            self.text = text
            self.side = side
        }
    }

    /// The pairs, in order; at most `rowsMax`.
    public let rows: [Row]
    /// What the side information of rows, pool and queries means.
    public let schema: SideSchema
    /// Prompts with outcomes of references; at most `poolRowsMax`. A row that is in it has its `poolRow`.
    public let pool: [PoolRow]
    /// SHA-256 over rows, in order: text length, text, reward bits, n; then, if there is side information, over the
    /// schema, the rows' side information and the pool.
    public let digest: Digest

    /// A context beyond this many rows helps no head we know and costs N³ to fit.
    public static let rowsMax = 4096
    /// More prompts with outcomes of references say little more and cost as much to fit.
    public static let poolRowsMax = 1024
    /// Most numbers in the vectors of all rows: 48 MiB, so that the context fits into one message.
    public static let vectorNumbersMax = 12 << 20

    /// `nil` when there are more than `rowsMax` rows or `poolRowsMax` prompts of the pool, or where side information does
    /// not fit the schema. An empty context is valid: nothing is known about the policy.
    public init?(_ rows: [Row], schema: SideSchema = .none, pool: [PoolRow] = []) {
        guard rows.count <= Self.rowsMax, pool.count <= Self.poolRowsMax else { return nil }
        for side in rows.lazy.map(\.side) where !side.fits(schema) { return nil }
        for side in pool.lazy.map(\.side) where !side.fits(schema) { return nil }
        for place in rows.lazy.compactMap(\.side.poolRow) where !pool.indices.contains(place) { return nil }
        self.rows = rows
        self.schema = schema
        self.pool = pool
        self.digest = Self.digest(rows, schema: schema, pool: pool)
    }

    /// The texts whose features a head needs to fit the context: those of the rows, then those of the pool.
    public var texts: [String] { rows.map(\.text) + pool.map(\.text) }

    /// Mean reward over rows, each row counting once; 0.5 for an empty context.
    public var baseRate: Double {
        rows.isEmpty ? 0.5 : rows.reduce(0) { $0 + $1.outcome.reward } / Double(rows.count)
    }

    private static func digest(_ rows: [Row], schema: SideSchema, pool: [PoolRow]) -> Digest {
        Digest { hash in
            for row in rows {
                var bytes: [UInt8] = []
                append(row.text, to: &bytes)
                LittleEndian.append(row.outcome.reward.bitPattern, to: &bytes)
                LittleEndian.append(UInt64(row.outcome.n), to: &bytes)
                hash.update(data: bytes)
            }
            guard !schema.isEmpty else { return }
            var bytes: [UInt8] = []
            schema.append(to: &bytes)
            for row in rows { row.side.append(to: &bytes) }
            for row in pool {
                append(row.text, to: &bytes)
                row.side.append(to: &bytes)
            }
            hash.update(data: bytes)
        }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        LittleEndian.append(UInt64(text.utf8.count), to: &bytes)
        bytes += text.utf8
    }
}
