public import Kernels

/// The user's choices of how a model computes. The number of threads never changes an answer; every other setting may
/// change its last digits and is part of the fingerprint.
public struct ModelSettings: Sendable, Equatable {
    /// Whether a context's keys and values are kept between predictions.
    public enum ContextCache: String, Sendable, CaseIterable {
        /// Kept: a context is computed once.
        case keep
        /// Not kept: every call computes the context again, with a fraction of the memory.
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
    /// The head of a sentence-transformers model; V0 has its own.
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
