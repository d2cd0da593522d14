public import Kernels
public import ModelFiles
import Scoring
import Threads

/// A BERT sentence encoder: token ids to one embedding a sequence.
///
/// **An embedding has the same bits in every batch.** A sequence alone, in any batch, at any index and with any number
/// of threads gives the same floats, so features may be cached without limit and sharding changes nothing. Whole sequences go
/// through all layers in runs of at most `tokensPerRun` tokens, each run on one thread; no step mixes
/// sequences, and products keep a row's bits whatever the other rows (see `MatrixMultiply`).
///
/// An encoder belongs to one thread at a time; its helper threads live as long as it does.
public final class BertEncoder {
    /// Sizes.
    public let configuration: BertConfiguration
    /// Everything about the arithmetic that may change the last digit: to be part of a model's fingerprint.
    ///
    /// Neither the number of threads nor the batch is in it, for neither changes a bit.
    public var numerics: String { stack.numerics }
    /// In which numbers its products multiply.
    public let precision: Precision
    /// Where the packed weights are; if they are not shared, why.
    public let packedWeights: PackedWeightsOrigin
    /// Largest number of tokens that go through the layers together: it bounds memory (3 MB a thread for MiniLM).
    public static let tokensPerRun = 256

    private let stack: BertStack
    private let workspaces: [BertWorkspace]
    private let pool: ThreadPool

    /// Maps the weights, and packs those of the products or finds them packed. `threads` runs of sequences are computed
    /// at once, one thread each.
    ///
    /// Throws what is wrong with the weights: `tensorMissing`, `tensorShape`, `tensorType`, `kernel`.
    /// `backend` is for measurements and tests. Cost for MiniLM: some 0.03 s where packed weights are found, 0.1 to 0.2 s
    /// where they are made.
    package init(
        _ checkpoint: BertCheckpoint, threads: Int = 1, precision: Precision = .float32,
        packedIn place: PackedWeightsPlace = .nowhere, backend: MatrixMultiply.Backend = .automatic
    ) throws(ModelError) {
        precondition(threads >= 1, "BertEncoder: \(threads) threads")
        configuration = checkpoint.configuration
        self.precision = precision
        let tensors = BertTensors(checkpoint)
        let plans: LayerProductPlans
        do throws(KernelError) {
            plans = try BertProducts.plans(configuration, precision: precision, backend: backend)
        } catch { throw .kernel(error) }
        func weights() throws(ModelError) -> Digest { try checkpoint.digest.value() }
        let packed = try PackedWeights(
            plans.parts(layers: configuration.layers), of: weights,
            folder: place.path(besideWeightsIn: checkpoint.folder)
        ) { (index) throws(ModelError) in
            try plans.pack(index) { (name, part) throws(ModelError) in
                let shape = part.plan.shape
                return try tensors.floats(name, Shape(shape.outputs / part.tensors.count, shape.inputs))
            }
        }
        packedWeights = packed.origin
        stack = try BertStack(tensors, plans: plans, packed: packed)
        let rows = max(Self.tokensPerRun, configuration.tokensMax)
        let sizes = configuration
        workspaces = (0..<threads).map { _ in BertWorkspace(sizes, tokensMax: rows, precision: precision) }
        pool = ThreadPool(count: threads, setUp: LibraryThreads.useOneInThisThread)
    }

    /// The encoder of a sentence-transformers folder; the rest as above.
    public convenience init(
        folder: SentenceTransformerFolder, threads: Int = 1, precision: Precision = .float32,
        packedIn place: PackedWeightsPlace = .nowhere, backend: MatrixMultiply.Backend = .automatic
    ) throws(ModelError) {
        try self.init(
            folder.checkpoint, threads: threads, precision: precision, packedIn: place, backend: backend)
    }

    /// Width of an embedding, C.
    public var width: Int { configuration.width }

    /// What `body` makes of each sequence's last states, in the batch's order.
    ///
    /// `body` is called once a sequence, on the thread that has the states, several at once, in any order; the states
    /// are overwritten when it returns. Sequences have 1 to `configuration.tokensMax` tokens, CLS and SEP included. Throws
    /// `sequenceLength`, `tokenOutOfRange`, `notFinite`, `kernel` and what `body` throws.
    public func encode<Value: Sendable>(
        _ batch: RaggedBatch, _ body: @escaping @Sendable (TokenStates) throws(ModelError) -> Value
    ) throws(ModelError) -> [Value] {
        try batch.check(lengths: 1...configuration.tokensMax, vocabulary: configuration.vocabulary)
        let runs = SequenceRun.all(of: batch, tokensMax: Self.tokensPerRun)
        let queue = RunQueue(runs, sequences: batch.count, body)
        let (stack, workspaces) = (stack, workspaces)
        // Each member is called once, so each workspace belongs to one thread.
        pool.perform(members: max(1, runs.count)) { member in
            LibraryThreads.useOneInThisThread()
            while let run = queue.next() {
                do throws(ModelError) {
                    try stack.encode(run, workspaces[member])
                    try queue.finish(run, workspaces[member].hiddenTC, width: stack.configuration.width)
                } catch { queue.fail(error) }
            }
        }
        return try queue.values()
    }

    /// (B sequences) -> (B, C), row-major: the mean of each sequence's states, normalised if the configuration says so.
    /// Throws as the other `encode` does.
    public func encode(_ batch: RaggedBatch) throws(ModelError) -> [Float] {
        let isNormalized = configuration.isNormalized
        return try encode(batch) { $0.mean(isNormalized: isNormalized) }.flatMap(\.self)
    }
}
