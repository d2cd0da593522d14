public import Encoders
import Foundation
import Kernels
public import ModelFiles
import Scoring
import Synchronization
import Threads

/// Tokens a second of a Qwen3 encoder on batches of equal sequences, and how near its products come to the rate of the
/// library that computes them.
public struct Qwen3Benchmark {
    /// A batch: so many sequences of so many tokens.
    public struct Batch: Sendable, Hashable {
        /// Tokens of each sequence.
        public let tokens: Int
        /// Number of sequences.
        public let sequences: Int

        /// Names a batch.
        public init(tokens: Int, sequences: Int) {
            self.tokens = tokens
            self.sequences = sequences
        }
    }

    /// What a batch gave.
    public struct Result: Sendable {
        /// The batch.
        public let batch: Batch
        /// Seconds of each round, in order.
        public let seconds: [Double]
        /// Processor seconds of each round, all threads of this process together.
        public let processorSeconds: [Double]
        /// Those of them in products.
        public let productSeconds: [Double]
        /// Processor seconds that the products would take at the rate that they reach alone.
        public let productSecondsAlone: Double

        /// Median over rounds of tokens a second.
        public var tokensPerSecond: Double { Double(batch.tokens * batch.sequences) / Median.of(seconds) }
        /// Median over rounds of tokens a processor second: what is left to compare on a machine with other work.
        public var tokensPerProcessorSecond: Double {
            Double(batch.tokens * batch.sequences) / Median.of(processorSeconds)
        }
        /// Part of the processor seconds that is spent in products.
        public var productPart: Double { Median.of(productSeconds) / Median.of(processorSeconds) }
        /// Share of the library's own rate that the products reach inside the encoder: 1 is all of it.
        public var productShare: Double { productSecondsAlone / Median.of(productSeconds) }
    }

    /// 64, 128 and 256 tokens, alone and by eight.
    public static let batches = [1, 8].flatMap { count in
        [64, 128, 256].map { Batch(tokens: $0, sequences: count) }
    }

    private let encoder: Qwen3Encoder

    /// A benchmark of one encoder, with its threads and its precision.
    public init(_ encoder: Qwen3Encoder) {
        self.encoder = encoder
    }

    /// Encodes a batch `rounds` times, after one time that is not measured. Throws as `Qwen3Encoder.encode` does.
    public func run(_ batch: Batch, rounds: Int) throws(ModelError) -> Result {
        precondition(rounds >= 1, "Qwen3Benchmark: \(rounds) rounds")
        var next: Int32 = 0
        let ragged = RaggedBatch(
            (0..<batch.sequences).map { _ in
                (0..<batch.tokens).map { _ in
                    next = (next + 7919) % Int32(encoder.configuration.vocabulary)
                    return next
                }
            })
        _ = try encoder.encode(ragged) { $0.count }
        var (seconds, processor, products): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<rounds {
            let (start, before) = (ContinuousClock.now, encoder.productSeconds)
            let processorStart = ProcessorTime.ofThisProcess
            _ = try encoder.encode(ragged) { $0.count }
            seconds.append((ContinuousClock.now - start) / .seconds(1))
            processor.append(ProcessorTime.ofThisProcess - processorStart)
            products.append(encoder.productSeconds - before)
        }
        return Result(
            batch: batch, seconds: seconds, processorSeconds: processor, productSeconds: products,
            productSecondsAlone: try productSecondsAlone(batch))
    }

    /// Encodes the sequences of a safetensors file (`ids`, and `starts` as in `RaggedBatch`) and writes all tokens' states
    /// as little-endian floats, (T, C): what `scripts/benchmarks/qwen_peer.py` compares with the reference's.
    public func writeStates(ofIdsIn file: String, to path: String) throws(ModelError) {
        let source = try SafetensorsFile(path: file)
        let (ids, starts) = (try source.integers("ids"), try source.integers("starts"))
        guard starts.first == 0, starts.last == ids.count, zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }),
            ids.allSatisfy({ Int32(exactly: $0) != nil })
        else { throw .damaged(file: file, at: "starts", reason: "not the cumulative lengths of \(ids.count) ids") }
        let batch = RaggedBatch(zip(starts, starts.dropFirst()).map { ids[$0..<$1].map(Int32.init) })
        var bytes = Data()
        for value in try encoder.states(batch).joined() {
            let bits = value.bitPattern
            bytes.append(contentsOf: [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: bits >> $0) })
        }
        do {
            try bytes.write(to: URL(fileURLWithPath: path))
        } catch { throw .unreadable(file: path, reason: "\(error)") }
    }

    // Each shape by itself, as many rows as the encoder gives it, on all threads at once, each with one weight again and
    // again: what the library can do at best here.
    private func productSecondsAlone(_ batch: Batch) throws(ModelError) -> Double {
        let (sizes, threads) = (encoder.configuration, encoder.threads)
        let all = batch.tokens * batch.sequences
        let rows = min(Qwen3Scratch.rows, MatrixMultiply.rowsRoundedUp((all + threads - 1) / threads))
        var total = 0.0
        do throws(KernelError) {
            for part in try Qwen3Products.plans(sizes, precision: encoder.precision, backend: .automatic).all {
                let perRow = try Self.best(part.plan, rows: rows, threads: threads) / Double(rows)
                total += perRow * Double(all * sizes.layers)
            }
        } catch { throw .kernel(error) }
        return total
    }

    // Median over threads of each one's best round, in seconds.
    private static func best(_ plan: ProductPlan, rows: Int, threads: Int) throws(KernelError) -> Double {
        let shape = plan.shape
        let product = try MatrixMultiply(
            plan: plan, packed: try plan.pack([Float](repeating: 0.5, count: shape.inputs * shape.outputs)))
        let times = Mutex<[Double]>([])
        let failure = Mutex<KernelError?>(nil)
        ThreadTeam.run(threads, setUp: LibraryThreads.useOneInThisThread) { _, team in
            let input = QuantizedActivations(rows: rows, width: shape.inputs, precision: shape.precision)
            let output = FloatBuffer(count: rows * shape.outputs)
            var best = Double.infinity
            do throws(KernelError) {
                try product.apply(input, output: output, rows: 0..<rows)
                guard team.barrier() else { return }
                for _ in 0..<8 {
                    let start = ProcessorTime.ofThisThread
                    try product.apply(input, output: output, rows: 0..<rows)
                    best = min(best, ProcessorTime.ofThisThread - start)
                }
                times.withLock { $0.append(best) }
            } catch {
                failure.withLock { $0 = error }
                team.cancel()
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return times.withLock { $0.sorted()[$0.count / 2] }
    }
}
