import CommandSupport
import Foundation
package import Encoders
package import ModelFiles
import Kernels
import Scoring
import Synchronization
import Threads

/// Tokens per second of a Qwen3 encoder on batches of equal sequences, and how close its matrix products are to the
/// rate of the library that computes them.
package struct Qwen3Benchmark {
    /// A batch of sequences of equal length.
    package struct Batch: Sendable, Hashable {
        /// Tokens of each sequence.
        package let tokens: Int
        /// Number of sequences.
        package let sequences: Int

        package init(tokens: Int, sequences: Int) {
            self.tokens = tokens
            self.sequences = sequences
        }
    }

    /// The measured rounds of one batch.
    package struct Result: Sendable {
        package let batch: Batch
        /// Seconds of each round, in order.
        package let seconds: [Double]
        /// Processor seconds of each round, all threads of this process together.
        package let processorSeconds: [Double]
        /// Processor seconds of each round spent in matrix products.
        package let productSeconds: [Double]
        /// Processor seconds of the products at the rate that they reach alone.
        package let productSecondsAlone: Double

        /// Median over rounds of tokens per second.
        package var tokensPerSecond: Double { Double(batch.tokens * batch.sequences) / Median.of(seconds) }
        /// Median over rounds of tokens per processor second: the figure to compare on a busy machine.
        package var tokensPerProcessorSecond: Double {
            Double(batch.tokens * batch.sequences) / Median.of(processorSeconds)
        }
        /// Rate of the products inside the encoder, relative to their rate alone.
        package var productShare: Double { productSecondsAlone / Median.of(productSeconds) }
    }

    /// 64, 128 and 256 tokens, one sequence and eight.
    package static let batches = [1, 8].flatMap { count in
        [64, 128, 256].map { Batch(tokens: $0, sequences: count) }
    }

    private let encoder: Qwen3Encoder

    /// A benchmark of one encoder, with its threads and its precision.
    package init(_ encoder: Qwen3Encoder) {
        self.encoder = encoder
    }

    /// Encodes a batch `rounds` times, after one warm-up round. Throws as `Qwen3Encoder.encode` does.
    package func run(_ batch: Batch, rounds: Int) throws(ModelError) -> Result {
        precondition(rounds >= 1, "Qwen3Benchmark: \(rounds) rounds")
        let ragged = EncoderSample.batch(
            [Int](repeating: batch.tokens, count: batch.sequences), vocabulary: encoder.configuration.vocabulary)
        _ = try encoder.encode(ragged) { $0.count }
        var (times, products): ([MeasuredTime], [Double]) = ([], [])
        for _ in 0..<rounds {
            let before = encoder.productSeconds
            times.append(
                try MeasuredTime(of: .process) { () throws(ModelError) in _ = try encoder.encode(ragged) { $0.count } })
            products.append(encoder.productSeconds - before)
        }
        return Result(
            batch: batch, seconds: times.map(\.seconds), processorSeconds: times.map(\.processorSeconds),
            productSeconds: products, productSecondsAlone: try productSecondsAlone(batch))
    }

    /// Encodes the sequences of a safetensors file (`ids`, and `starts` as in `RaggedBatch`) and writes the states of
    /// all tokens as little-endian floats, (T, C). `scripts/benchmarks/qwen_peer.py` compares them with the
    /// reference's.
    package func writeStates(ofIdsIn file: String, to path: String) throws(ModelError) {
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

    // Each shape alone, with as many rows as the encoder uses, on all threads at once, always with the same weights:
    // the best rate of the library on this machine.
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
        return times.withLock { Median.of($0) }
    }
}
