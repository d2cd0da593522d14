public import Kernels
import Scoring

/// What can be wrong with a model folder, or with a batch given to its encoder.
public enum ModelError: Error, Equatable, CustomStringConvertible {
    /// A file could not be opened or read.
    case unreadable(file: String, reason: String)
    /// A file does not have the content that its name promises; `at` is a byte, key or tensor.
    case damaged(file: String, at: String, reason: String)
    /// The weights shipped with the program were not found; `places` are the files that were tried.
    case weightsNotFound(what: String, places: [String], advice: String)
    /// A well-formed choice that this program does not support.
    case unsupported(file: String, key: String, found: String, supported: String)
    /// The weights lack a tensor.
    case tensorMissing(file: String, tensor: String)
    /// A tensor of another shape than the configuration implies.
    case tensorShape(file: String, tensor: String, expected: Shape, found: Shape)
    /// A tensor whose numbers are of a kind not read here.
    case tensorType(file: String, tensor: String, found: String, supported: String)
    /// A sequence that the encoder cannot read.
    case sequenceLength(sequence: Int, tokens: Int, range: ClosedRange<Int>)
    /// A token id that is not in the model's vocabulary.
    case tokenOutOfRange(sequence: Int, position: Int, token: Int32, vocabulary: Int)
    /// An embedding with a value that is not a number.
    case notFinite(sequence: Int)
    /// The compute library refused.
    case kernel(KernelError)
    /// A file could not be written.
    case unwritable(file: String, reason: String)
    /// A file of embeddings that another encoder made; first digits of both digests.
    case foreignEmbeddings(file: String, found: String, expected: String)
    /// More memory than this machine, or the limit of the process, has available. Bytes.
    case doesNotFit(folder: String, needed: Int, available: Int, advice: String)

    /// What happened, with the values, and what to do next.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file): cannot be read (\(reason)); check --model, or run `statezero model fetch`"
        case .damaged(let file, let at, let reason):
            "\(file): \(at): \(reason); the file is damaged or truncated, fetch it again"
        case .weightsNotFound(let what, let places, let advice):
            "\(what) not found at \(places.joined(separator: ", ")); \(advice)"
        case .unsupported(let file, let key, let found, let supported):
            "\(file): \(key) is \(found), supported: \(supported); choose another model"
        case .tensorMissing(let file, let tensor):
            "\(file): no tensor \(tensor); the weights are of another architecture than config.json, check --model"
        case .tensorShape(let file, let tensor, let expected, let found):
            "\(file): \(tensor) is \(found), expected \(expected); this looks like another model size, check --model"
        case .tensorType(let file, let tensor, let found, let supported):
            "\(file): \(tensor) is of type \(found), supported: \(supported); convert the weights"
        case .sequenceLength(let sequence, let tokens, let range):
            "sequence \(sequence) of the batch has \(tokens) tokens, the model reads "
                + "\(range.lowerBound) to \(range.upperBound); truncate when tokenizing"
        case .tokenOutOfRange(let sequence, let position, let token, let vocabulary):
            "sequence \(sequence) of the batch has token \(token) at \(position), the vocabulary has \(vocabulary); "
                + "is the tokenizer of the same model?"
        case .notFinite(let sequence):
            "the embedding of sequence \(sequence) of the batch is not a number; the weights may be damaged, "
                + "try `statezero model inspect`"
        case .kernel(let error):
            error.description
        case .unwritable(let file, let reason):
            "\(file): cannot be written (\(reason)); check the folder and the space left there"
        case .foreignEmbeddings(let file, let found, let expected):
            "\(file): holds embeddings of encoder \(found), this one is \(expected); name another file, or remove it"
        case .doesNotFit(let folder, let needed, let available, let advice):
            "\(folder): weights and buffers need \(ByteCount(needed)), \(ByteCount(available)) are available; "
                + "\(advice); `statezero model inspect` lists what needs how much"
        }
    }

    /// Throws `unsupported` unless `holds`.
    package static func require(
        _ holds: Bool, _ file: String, _ key: String, _ found: String, _ supported: String
    ) throws(ModelError) {
        if !holds { throw .unsupported(file: file, key: key, found: found, supported: supported) }
    }
}
