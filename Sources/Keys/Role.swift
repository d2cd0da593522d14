/// What the holder of a key may do in a cluster.
public enum Role: String, CaseIterable, Sendable, Codable {
    /// Answers shards. It reads the prompts and contexts that it is sent.
    case worker
    /// Submits scoring jobs and asks for scores.
    case client
    /// Asks for plans and reports outcomes; also everything that a client may.
    case trainer
    /// Rolls out assignments and reports their rewards.
    case rollout
    /// Reads status, metrics and the pages over HTTP. It may send nothing over ZeroMQ.
    case observer
    /// Everything.
    case admin
}
