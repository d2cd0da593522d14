public import Kernels
public import ModelFiles
public import Scoring
import Synchronization
import Threads

/// A Qwen3 encoder: token ids to one last hidden state a token, after the final norm.
///
/// **A state has the same bits in every batch.** A sequence alone, in any batch, at any index and with any number of
/// threads gives the same floats, so features may be cached without limit and sharding changes nothing. Nothing on the way mixes
/// sequences, and products keep a row's bits whatever the other rows (see `ProductPlan`).
///
/// Sequences go through the layers in runs of at most `tokensPerRun` tokens. A thread computes whole runs, so that threads
/// need not wait for each other. What cannot be divided evenly (a single prompt, a long one, the odd run) is computed by
/// all threads together, each with a part of the rows and, in attention, of the heads.
///
/// An encoder belongs to one thread at a time; its helper threads live only during `encode`.
public final class Qwen3Encoder {
    /// Sizes.
    public let configuration: Qwen3Configuration
    /// In which numbers its products multiply.
    public let precision: Precision
    /// Longest sequence that it reads.
    public let tokensMax: Int
    /// Everything about the arithmetic that may change the last digit: to be part of a model's fingerprint.
    ///
    /// Neither the number of threads nor the batch is in it, for neither changes a bit.
    public var numerics: String { stack.numerics }
    /// Where the packed weights are; if they are not shared, why.
    public var packedWeights: PackedWeightsOrigin { stack.origin }
    /// Largest number of tokens of several sequences that go through the layers together: it bounds memory.
    public static let tokensPerRun = 256

    private let stack: Qwen3Stack
    private let workspaces: [Qwen3Workspace]

    /// Maps the weights, packs those of the products or finds them packed, and allocates the working set.
    ///
    /// `digest` names the weights in the packed file; the folder's own is computed if none is given, which reads all of
    /// them. `backend` is for measurements and tests. Throws what is wrong with the weights (`tensorMissing`,
    /// `tensorShape`, `tensorType`), and `kernel`.
    public init(
        folder: Qwen3Folder, tokensMax: Int = 2048, threads: Int = 1, precision: Precision = .float32,
        packedIn place: PackedWeightsPlace = .besideWeights, digest: Digest? = nil,
        backend: MatrixMultiply.Backend = .automatic
    ) throws(ModelError) {
        precondition(threads >= 1 && tokensMax >= 1, "Qwen3Encoder: \(threads) threads, \(tokensMax) tokens")
        let sizes = folder.configuration
        configuration = sizes
        self.precision = precision
        let longest = min(tokensMax, sizes.positions)
        self.tokensMax = longest
        do {
            let plans = try Self.plans(sizes, precision, backend)
            func weights() throws(ModelError) -> Digest {
                if let digest { digest } else { try folder.digest() }
            }
            let packed = try PackedWeights(
                plans.parts(layers: sizes.layers), of: weights,
                folder: place.path(besideWeightsIn: folder.path)
            ) { (index) throws(ModelError) in
                // Shapes were checked when the folder was opened.
                try plans.pack(index) { (name, _) throws(ModelError) in try folder.floats(name) }
            }
            stack = try Qwen3Stack(folder, plans: plans, packed: packed, tokensMax: longest)
        }
        do throws(KernelError) {
            var workspaces: [Qwen3Workspace] = []
            for thread in 0..<threads {
                workspaces.append(
                    try Qwen3Workspace(
                        sizes, tokensMax: Self.rows(thread, longest), lengthMax: longest, precision: precision))
            }
            self.workspaces = workspaces
        } catch { throw .kernel(error) }
    }

    /// The memory that an encoder needs. Throws `kernel`. Cost: a probe for each of four shapes of product.
    public static func memory(
        _ configuration: Qwen3Configuration, embeddingBytes: Int = 2, tokensMax: Int = 2048, threads: Int = 1,
        precision: Precision = .float32, backend: MatrixMultiply.Backend = .automatic
    ) throws(ModelError) -> Qwen3Memory {
        let plans = try plans(configuration, precision, backend)
        let longest = min(tokensMax, configuration.positions)
        let norms = configuration.layers * 2 * (configuration.width + configuration.headWidth) + configuration.width
        return Qwen3Memory(
            embedding: configuration.vocabulary * configuration.width * embeddingBytes,
            packedWeights: configuration.layers * plans.bytes,
            tables: norms * 4 + RotaryEmbedding.bytes(headWidth: configuration.headWidth, positions: longest),
            workingSet: (0..<threads).reduce(0) { sum, thread in
                sum
                    + Qwen3Workspace.bytes(
                        configuration, tokensMax: rows(thread, longest), lengthMax: longest, precision: precision)
            })
    }

    /// Threads that compute.
    public var threads: Int { workspaces.count }

    /// Channels of a state, C.
    public var width: Int { configuration.width }

    /// Processor seconds that threads have spent in products so far, all together.
    public var productSeconds: Double { workspaces.reduce(0) { $0 + $1.scratch.productSeconds } }

    /// What `body` makes of each sequence's states, in the batch's order.
    ///
    /// `body` is called once a sequence, on the thread that has the states, several at once, in any order; the states
    /// are overwritten when it returns, so memory stays bounded however large the batch. Sequences have 1 to `tokensMax`
    /// tokens. Throws `sequenceLength`, `tokenOutOfRange`, `notFinite`, `kernel` and what `body` throws.
    public func encode<Value: Sendable>(
        _ batch: RaggedBatch, _ body: @escaping @Sendable (TokenStates) throws(ModelError) -> Value
    ) throws(ModelError) -> [Value] {
        try batch.check(lengths: 1...tokensMax, vocabulary: configuration.vocabulary)
        guard batch.count > 0 else { return [] }
        let work = Qwen3Work<Value>(batch, threads: workspaces.count, body)
        let (stack, workspaces) = (stack, workspaces)
        ThreadTeam.run(workspaces.count, setUp: LibraryThreads.useOneInThisThread) { member, team in
            work.perform(stack, workspaces, member: member, team)
        }
        return try work.finish()
    }

    /// All states of each sequence, (T, C). Memory grows with the batch.
    public func states(_ batch: RaggedBatch) throws(ModelError) -> [[Float]] {
        try encode(batch) { $0.values }
    }

    /// The last token's state of each sequence, (B, C) row-major.
    public func lastStates(_ batch: RaggedBatch) throws(ModelError) -> [Float] {
        try encode(batch) { $0.last }.flatMap(\.self)
    }

    // All threads together compute in the first thread's rows, which must hold a long sequence.
    private static func rows(_ thread: Int, _ tokensMax: Int) -> Int {
        thread == 0 ? max(tokensPerRun, tokensMax) : tokensPerRun
    }

    private static func plans(
        _ sizes: Qwen3Configuration, _ precision: Precision, _ backend: MatrixMultiply.Backend
    ) throws(ModelError) -> LayerProductPlans {
        do throws(KernelError) {
            return try Qwen3Products.plans(sizes, precision: precision, backend: backend)
        } catch { throw .kernel(error) }
    }
}
