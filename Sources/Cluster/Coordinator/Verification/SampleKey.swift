import Scoring
package import Wire

/// Decides which shards are computed again. Workers do not know the key, so none can tell which of its first answers are
/// compared; and a shard that is submitted again is decided in the same way, so nobody gains by asking again.
package struct SampleKey: Sendable {
    private let bytes: [UInt8]

    /// A key; it must be drawn from a source that nobody can predict, once for each run of a coordinator.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Draws a key of 32 bytes.
    package init(using generator: inout some RandomNumberGenerator) {
        bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// Whether a shard is among the share that is drawn. Cost: a SHA-256.
    package func draws(_ shard: UInt32, of job: JobID, share: Double) -> Bool {
        guard share > 0 else { return false }
        guard share < 1 else { return true }
        let number = (0..<4).map { UInt8(truncatingIfNeeded: shard >> (8 * UInt32($0))) }
        // 53 bits, as many as a Double distinguishes in [0, 1).
        return Double(Digest(of: bytes + job.bytes + number).leading >> 11) / Double(1 << 53) < share
    }
}
