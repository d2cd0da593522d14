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

    /// The file of the head's weights; `nil` for a head without training. Throws where it was looked for.
    func weightsFile() throws(ModelError) -> String? {
        switch self {
        case .kind(.gaussianProcess): nil
        case .kind(.compact): try CompactHeadFile.find()
        case .weights(let file): file
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

    /// Throws `unsupported`, naming `path`, for a head that was trained on an encoder of another name, or of another
    /// width where one is given. `isFirst` says that the encoder is the one of heads that name none.
    package func check(
        encoder name: String, width: Int?, in path: String, isFirst: Bool = false
    ) throws(ModelError) {
        guard let trained = try trainedEncoder() else { return }
        guard trained.name == name || (isFirst && trained.name == Self.firstEncoder) else {
            throw .unsupported(
                file: path, key: "--head", found: kind.rawValue,
                supported: """
                    --head \(HeadKind.gaussianProcess.rawValue), or a head trained on \(name): \(trained.file) was trained \
                    on \(trained.name)
                    """)
        }
        guard let width, width != trained.width else { return }
        throw .unsupported(
            file: path, key: "width of an embedding", found: "\(width)",
            supported: "\(trained.width) for the head in \(trained.file)")
    }

    /// The encoder whose embeddings the head was trained on, as its file names it; `nil` for a head that reads any.
    ///
    /// A file without a name is of the time when there was one encoder. Throws what is wrong with the file's header, or
    /// where the file was looked for. Cost: reading the header.
    package func trainedEncoder() throws(ModelError) -> (name: String, width: Int, file: String)? {
        guard let file = try weightsFile() else { return nil }
        let metadata = try SafetensorsFile(path: file).header.metadata
        let found = metadata["embedding"] ?? "\(CompactHeadConfiguration.embeddingColumns)"
        guard let width = Int(found) else {
            throw .damaged(file: file, at: "embedding", reason: "\(found) is no number of columns")
        }
        return (metadata["encoder"] ?? Self.firstEncoder, width, file)
    }

    /// The encoder of heads that name none.
    package static let firstEncoder = "all-MiniLM-L6-v2"
}
