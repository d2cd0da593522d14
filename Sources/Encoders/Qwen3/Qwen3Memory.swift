/// The memory that a Qwen3 encoder needs, in bytes, computed before anything is allocated.
public struct Qwen3Memory: Sendable, Equatable {
    /// The embedding table, read row by row from the mapped checkpoint; shared by all workers of a host.
    public let embedding: Int
    /// Packed weights of the products: in a file that all workers of a host share, or in each process's own memory where
    /// there can be no file.
    public let packedWeights: Int
    /// Norms and the table of rotary angles, in each process's own memory.
    public let tables: Int
    /// What all threads of a process compute in.
    public let workingSet: Int
}
