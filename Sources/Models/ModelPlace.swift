import Foundation

/// Where a model comes from, as `--model` names it. Only this type distinguishes kinds of models before one is read.
public enum ModelPlace: Sendable, Equatable {
    /// A model that computes a hash, for tests and measurements of the cluster: `table`, `table:SALT` or
    /// `table:SALT:MICROSECONDS`.
    case table(salt: UInt64, pausePerText: Duration)
    /// A sentence-transformers folder.
    case sentenceTransformer(folder: String)
    /// A folder made by `scripts/convert_v0`.
    case v0(folder: String)
    /// An encoder behind an OpenAI-compatible embeddings API, which the program builds.
    case remote(url: String)

    /// Reads the name. Cost: a test whether one file exists. Whether there is a model is not checked.
    public init(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.first == "table" {
            let numbers = parts.dropFirst().filter { !$0.isEmpty }.map { Int64($0) ?? 0 }
            self = .table(
                salt: UInt64(clamping: numbers.first ?? 0),
                pausePerText: .microseconds(numbers.count > 1 ? numbers[1] : 0))
        } else if FileManager.default.fileExists(atPath: "\(text)/\(V0Folder.fileName)") {
            self = .v0(folder: text)
        } else {
            self = .sentenceTransformer(folder: text)
        }
    }

    /// The folder; `nil` for the table model and for an encoder behind an API.
    public var folder: String? {
        switch self {
        case .table, .remote: nil
        case .sentenceTransformer(let folder), .v0(let folder): folder
        }
    }

    /// Whether the head can be chosen and embeddings can be kept in a file: the encoder's features are embeddings.
    public var hasEmbeddings: Bool {
        switch self {
        case .sentenceTransformer, .remote: true
        case .table, .v0: false
        }
    }

    /// Whether features are stored on disk by default: they cost more than a look-up.
    public var hasStore: Bool {
        if case .table = self { false } else { true }
    }

    /// Whether a worker uses all cores by default. A V0 context is so expensive that all cores should prepare one;
    /// workers of other models do better with one core each.
    public var usesAllCores: Bool {
        if case .v0 = self { true } else { false }
    }
}
