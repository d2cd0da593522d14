import Crypto

/// The (prompt, outcome) pairs that profile a policy version. Order and size are part of its identity.
public struct ContextSet: Sendable {
    /// One pair of the record.
    public struct Row: Hashable, Sendable {
        /// The prompt's text.
        public let text: String
        /// What the policy's rollouts on it came to.
        public let outcome: Outcome

        /// Pairs a prompt's text with its outcome.
        public init(text: String, outcome: Outcome) {
            self.text = text
            self.outcome = outcome
        }
    }

    /// The pairs, in order; at most `rowsMax`.
    public let rows: [Row]
    /// SHA-256 over rows, in order: text length, text, reward bits, n.
    public let digest: Digest

    /// A context beyond this many rows helps no head we know and costs N³ to fit.
    public static let rowsMax = 4096

    /// `nil` when there are more than `rowsMax` rows. No rows is a context too: nothing is known of the policy.
    public init?(_ rows: [Row]) {
        guard rows.count <= Self.rowsMax else { return nil }
        self.rows = rows
        self.digest = Digest { hash in
            for row in rows {
                let text = Array(row.text.utf8)
                hash.update(data: Self.littleEndian(UInt64(text.count)))
                hash.update(data: text)
                hash.update(data: Self.littleEndian(row.outcome.reward.bitPattern))
                hash.update(data: Self.littleEndian(UInt64(row.outcome.n)))
            }
        }
    }

    /// Mean reward over rows, each row counting once; 0.5 for an empty context.
    public var baseRate: Double {
        rows.isEmpty ? 0.5 : rows.reduce(0) { $0 + $1.outcome.reward } / Double(rows.count)
    }

    private static func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
