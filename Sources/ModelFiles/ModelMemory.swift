/// The memory that a model needs, in bytes, computed before anything is loaded.
public struct ModelMemory: Sendable, Equatable, Encodable {
    /// Weights in pages of a file that all workers of a host share.
    public var sharedWeights: Int
    /// Weights that each worker has in its own memory.
    public var ownWeights: Int
    /// Buffers of the encoder, all threads.
    public var encoding: Int
    /// Buffers of the head while it prepares a context or predicts, all threads.
    public var predicting: Int
    /// What is kept of each prepared context.
    public var preparedContext: Int

    /// Lists the parts.
    package init(sharedWeights: Int, ownWeights: Int, encoding: Int, predicting: Int, preparedContext: Int) {
        self.sharedWeights = sharedWeights
        self.ownWeights = ownWeights
        self.encoding = encoding
        self.predicting = predicting
        self.preparedContext = preparedContext
    }

    /// What one worker needs while it serves one context: everything.
    public var total: Int { sharedWeights + ownWeights + encoding + predicting + preparedContext }
}
