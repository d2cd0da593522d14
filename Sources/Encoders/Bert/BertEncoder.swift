public import Kernels
public import ModelFiles
import Scoring
import Synchronization
import Threads

/// A BERT sentence encoder: token ids to one embedding a sequence.
///
/// **An embedding is the same bits in any company.** A sequence alone, in any batch, at any place and with any number
/// of threads gives the same floats; features may be kept for ever and sharding changes nothing. Whole sequences go
/// through all layers in runs of at most `tokensPerRun` tokens, each run on one thread; nothing on the way mixes
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
    /// What became of the packed weights; where they are not shared, the reason.
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
    public init(
        folder: SentenceTransformerFolder, threads: Int = 1, precision: Precision = .float32,
        packedIn place: PackedWeightsPlace = .nowhere, backend: MatrixMultiply.Backend = .automatic
    ) throws(ModelError) {
        precondition(threads >= 1, "BertEncoder: \(threads) threads")
        configuration = folder.configuration
        self.precision = precision
        let tensors = BertTensors(folder)
        let plans: BertProducts.Plans
        do throws(KernelError) {
            plans = try BertProducts.Plans(configuration, precision: precision, backend: backend)
        } catch { throw .kernel(error) }
        func weights() throws(ModelError) -> Digest { folder.digest }
        let packed = try PackedWeights(
            plans.parts(layers: configuration.layers), of: weights, folder: place.path(besideWeightsIn: folder.path)
        ) { (part) throws(ModelError) in try plans.pack(part, from: tensors) }
        packedWeights = packed.origin
        stack = try BertStack(tensors, plans: plans, packed: packed)
        let room = max(Self.tokensPerRun, folder.configuration.tokensMax)
        let sizes = configuration
        workspaces = (0..<threads).map { _ in BertWorkspace(sizes, tokensMax: room, precision: precision) }
        pool = ThreadPool(count: threads, setUp: LibraryThreads.useOneInThisThread)
    }

    /// Width of an embedding, C.
    public var width: Int { configuration.width }

    /// (B sequences) -> (B, C), row-major. Sequences have 1 to `configuration.tokensMax` tokens, CLS and SEP included.
    ///
    /// Throws `sequenceLength`, `tokenOutOfRange`, `notFinite` and `kernel`.
    public func encode(_ batch: RaggedBatch) throws(ModelError) -> [Float] {
        try check(batch)
        let queue = RunQueue(runs: batch.runs(tokensMax: Self.tokensPerRun), valuesCount: batch.count * width)
        let (stack, workspaces) = (stack, workspaces)
        // Each member comes once, so each workspace has one thread.
        pool.perform(members: max(1, queue.runs.count)) { queue.work(stack, batch, workspaces[$0]) }
        let values = try queue.finish()
        if let bad = values.firstIndex(where: { !$0.isFinite }) { throw .notFinite(sequence: bad / width) }
        return values
    }

    private func check(_ batch: RaggedBatch) throws(ModelError) {
        for index in 0..<batch.count {
            let ids = batch[index]
            guard (1...configuration.tokensMax).contains(ids.count) else {
                throw .sequenceLength(sequence: index, tokens: ids.count, range: 1...configuration.tokensMax)
            }
            if let bad = ids.firstIndex(where: { $0 < 0 || Int($0) >= configuration.vocabulary }) {
                throw .tokenOutOfRange(
                    sequence: index, position: bad - ids.startIndex, token: ids[bad],
                    vocabulary: configuration.vocabulary)
            }
        }
    }
}

/// Runs to be taken by threads, and the embeddings that they bring back.
private final class RunQueue: Sendable {
    private struct State {
        var taken = 0
        var values: [Float]
        var failure: ModelError?
    }

    let runs: [Range<Int>]
    private let state: Mutex<State>

    init(runs: [Range<Int>], valuesCount: Int) {
        self.runs = runs
        state = Mutex(State(values: [Float](repeating: 0, count: valuesCount)))
    }

    func work(_ stack: BertStack, _ batch: RaggedBatch, _ workspace: BertWorkspace) {
        LibraryThreads.useOneInThisThread()
        while let run = next() {
            do throws(KernelError) {
                store(try stack.encode(run, of: batch, workspace), at: run.lowerBound * stack.configuration.width)
            } catch {
                fail(.kernel(error))
            }
        }
    }

    // After a failure nobody takes another.
    private func next() -> Range<Int>? {
        state.withLock { state in
            guard state.failure == nil, state.taken < runs.count else { return nil }
            state.taken += 1
            return runs[state.taken - 1]
        }
    }

    private func store(_ values: [Float], at start: Int) {
        state.withLock { $0.values.replaceSubrange(start..<start + values.count, with: values) }
    }

    private func fail(_ error: ModelError) {
        state.withLock { $0.failure = $0.failure ?? error }
    }

    func finish() throws(ModelError) -> [Float] {
        let (values, failure) = state.withLock { ($0.values, $0.failure) }
        if let failure { throw failure }
        return values
    }
}
