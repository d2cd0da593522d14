package import Heads
package import ModelFiles

/// The heads that a sentence-transformers model can predict with.
public enum HeadKind: String, Sendable, CaseIterable {
    /// The trained head, `CompactHead`.
    case compact
    /// The head that needs no training, `GaussianProcessHead`.
    case gaussianProcess = "gaussian-process"
}

/// A head and where its weights come from.
public enum HeadSource: Sendable, Equatable {
    /// A head of this program, with its own weights.
    case kind(HeadKind)
    /// A compact head with the weights of a file.
    case weights(file: String)

    /// Which head it is.
    public var kind: HeadKind {
        switch self {
        case .kind(let kind): kind
        case .weights: .compact
        }
    }

    /// Reads the head. Throws what is wrong with the compact head's weights, or where they were looked for.
    package func load() throws(ModelError) -> any InContextHead {
        switch self {
        case .kind(.compact): try CompactHead.load()
        case .kind(.gaussianProcess): GaussianProcessHead()
        case .weights(let file): try CompactHead(weights: SafetensorsFile(path: file))
        }
    }
}
