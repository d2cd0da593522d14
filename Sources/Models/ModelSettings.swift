public import Kernels

/// What a user may choose about how a model computes. All but the threads can change an answer's last digits, so all but
/// the threads are part of its fingerprint.
public struct ModelSettings: Sendable, Equatable {
    /// Whether a context's keys and values are kept between predictions.
    public enum ContextCache: String, Sendable, CaseIterable {
        /// Kept: the first prediction pays for the context, later ones do not.
        case keep
        /// Not kept: every call computes the context again, in a fraction of the memory.
        case none
    }

    /// What V0's extra column holds that hashes the exact bits of a row (V0_SPEC §4.2).
    public enum RowHash: String, Sendable, CaseIterable {
        /// The hash, as the reference: the last bit of a feature moves it.
        case reference
        /// 0.5 for every row: an ablation that does not depend on last bits.
        case constant
    }

    /// Threads of encoder and head, at least 1.
    public var threads: Int
    /// What products are computed with.
    public var precision: Kernels.Precision
    /// Whether a context's keys and values are kept.
    public var contextCache: ContextCache
    /// What V0's hash column holds.
    public var rowHash: RowHash
    /// By what a sentence-transformers model predicts; V0 has a head of its own.
    public var head: HeadKind

    /// The reference's choices, and the trained head.
    public init(
        threads: Int = 1, precision: Kernels.Precision = .float32, contextCache: ContextCache = .keep,
        rowHash: RowHash = .reference, head: HeadKind = .compact
    ) {
        precondition(threads >= 1, "ModelSettings: \(threads) threads")
        self.threads = threads
        self.precision = precision
        self.contextCache = contextCache
        self.rowHash = rowHash
        self.head = head
    }
}
