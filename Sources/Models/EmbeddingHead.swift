public import Heads
public import ModelFiles
import Scoring

/// By what an embedding model predicts.
public enum EmbeddingHeadKind: String, Sendable, CaseIterable {
    /// The trained head, `CompactHead`.
    case compact
    /// The head that needs no training, `GaussianProcessHead`.
    case gaussianProcess = "gaussian-process"
}

/// The head of an embedding model, ready to fit contexts.
public enum EmbeddingHead {
    /// The trained head.
    case compact(CompactHead)
    /// The head that needs no training.
    case gaussianProcess(GaussianProcessHead)

    /// Reads the head of a kind. Throws what is wrong with the compact head's weights, or where they were looked for.
    public static func load(_ kind: EmbeddingHeadKind) throws(ModelError) -> EmbeddingHead {
        switch kind {
        case .compact: .compact(try CompactHead.load())
        case .gaussianProcess: .gaussianProcess(GaussianProcessHead())
        }
    }

    /// A compact head from a file of one's own. Throws what is wrong with it.
    public static func load(weights path: String) throws(ModelError) -> EmbeddingHead {
        .compact(try CompactHead(weights: SafetensorsFile(path: path)))
    }

    /// What it is.
    public var kind: EmbeddingHeadKind {
        switch self {
        case .compact: .compact
        case .gaussianProcess: .gaussianProcess
        }
    }

    /// For a model's name.
    var name: String {
        switch self {
        case .compact: "compact"
        case .gaussianProcess: "gp"
        }
    }

    /// Everything that may change an answer, for a model's fingerprint: weights and arithmetic.
    var identity: String {
        switch self {
        case .compact(let head): "\(head.digest.hex) \(head.numerics)"
        case .gaussianProcess: GaussianProcessHead.numerics
        }
    }
}
