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

    /// Reads the head. Throws what is wrong with the compact head's weights, or where they were looked for, and
    /// `unsupported` unless their metadata names the encoder `trainedOn`, where one is required.
    package func load(trainedOn encoder: String? = nil) throws(ModelError) -> any InContextHead {
        switch self {
        case .kind(.compact): try Self.compact(CompactHeadFile.find(), encoder)
        case .kind(.gaussianProcess): GaussianProcessHead()
        case .weights(let file): try Self.compact(file, encoder)
        }
    }

    private static func compact(_ path: String, _ encoder: String?) throws(ModelError) -> CompactHead {
        let file = try SafetensorsFile(path: path)
        let named = file.header.metadata["encoder"]
        guard encoder == nil || named == encoder else {
            throw .unsupported(
                file: path, key: "encoder", found: named ?? "not named, so it is MiniLM of this program",
                supported: "\(encoder ?? "") for a head trained on this encoder, or --head gaussian-process")
        }
        return try CompactHead(weights: file)
    }
}
