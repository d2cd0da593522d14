import Crypto

/// The (prompt, outcome) pairs that profile a policy version. Their order and number are part of its identity.
public struct ContextSet: Sendable {
    /// One pair.
    public struct Row: Hashable, Sendable {
        /// The prompt's text.
        public let text: String
        /// The result of the policy's rollouts on it.
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

    /// `nil` when there are more than `rowsMax` rows. An empty context is valid: nothing is known about the policy.
    public init?(_ rows: [Row]) {
        guard rows.count <= Self.rowsMax else { return nil }
        self.rows = rows
        self.digest = Digest { hash in
            for row in rows {
                var bytes: [UInt8] = []
                LittleEndian.append(UInt64(row.text.utf8.count), to: &bytes)
                bytes += row.text.utf8
                LittleEndian.append(row.outcome.reward.bitPattern, to: &bytes)
                LittleEndian.append(UInt64(row.outcome.n), to: &bytes)
                hash.update(data: bytes)
            }
        }
    }

    /// Mean reward over rows, each row counting once; 0.5 for an empty context.
    public var baseRate: Double {
        rows.isEmpty ? 0.5 : rows.reduce(0) { $0 + $1.outcome.reward } / Double(rows.count)
    }
}
