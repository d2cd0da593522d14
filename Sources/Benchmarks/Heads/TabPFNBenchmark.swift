import Foundation
import Heads
import ModelFiles
import Kernels
import Scoring

/// Seconds, bytes and answers of a head on one context and its queries; `statezero-bench head` prints them, and
/// `scripts/benchmarks/v0_head.py` sets them beside the reference's.
struct TabPFNBenchmark: Sendable {
    /// What a measurement gave.
    struct Result: Sendable, Encodable {
        /// What computed.
        let numerics: String
        /// Reading and packing the weights.
        let loadSeconds: Double
        /// Preparing the context; 0 when it was not kept.
        let prepareSeconds: Double
        /// Each run of queries, in order; a single one when the context was not kept.
        let querySeconds: [Double]
        /// Processor time of all threads from the loaded weights to the last answer: the figure to compare on a busy
        /// machine.
        let processorSeconds: Double
        /// Queries of a run.
        let queriesPerRun: Int
        /// Estimated bytes of kept keys and values.
        let contextBytes: Int
        /// Estimated peak memory of the head: weights, context, states, buffers.
        let plannedBytes: Int
        /// Measured peak resident memory of the process, with program and weights file; 0 where the system reports none.
        let peakBytes: Int
        /// `(E, M, classes)`.
        let rawLogits: [[[Float]]]
        /// `(M)`.
        let scores: [Float]
    }

    /// A head's weights, as in a model folder.
    var weights: String
    /// A safetensors file of `X` (N, F), `y` (N) and `queries` (M, F).
    var data: String
    /// Whether `X` and `queries` were standardised already.
    var isStandardised = false
    /// Whether the context is kept between runs of queries; if not, all queries are one run.
    var keepsContext = true
    /// Queries of a run.
    var queriesPerRun = 8
    /// Sizes of the head.
    var configuration = TabPFNConfiguration()
    /// Ensemble settings.
    var ensemble = EnsembleConfiguration()
    /// Number formats.
    var arithmetic = TabPFNArithmetic()
    /// Threads of the head.
    var threads = 2

    /// A benchmark of V0's head; change the properties that differ.
    init(weights: String, data: String) {
        self.weights = weights
        self.data = data
    }

    /// Measures once. Throws `weights` for a wrong file, and what the head throws.
    func run() throws(TabPFNError) -> Result {
        let clock = ContinuousClock()
        let start = clock.now
        let (head, context, labels, queries): (TabPFNHead, FeatureMatrix, [Bool], FeatureMatrix)
        do throws(ModelError) {
            let file = try SafetensorsFile(path: data)
            context = try Self.matrix("X", file)
            queries = try Self.matrix("queries", file)
            labels = try file.integers("y").map { $0 == 1 }
            head = try TabPFNHead(
                weights: try SafetensorsFile(path: weights), configuration: configuration, ensemble: ensemble,
                arithmetic: arithmetic, threads: threads)
        } catch { throw .weights(error) }
        let (loaded, processorStart) = (clock.now, ProcessorTime.ofThisProcess)
        let memory = head.memory
        guard keepsContext else {
            let answer = try head.predictWithoutContext(queries, context: context, labels: labels)
            return Result(
                numerics: head.numerics, loadSeconds: (loaded - start) / .seconds(1), prepareSeconds: 0,
                querySeconds: [(clock.now - loaded) / .seconds(1)],
                processorSeconds: ProcessorTime.ofThisProcess - processorStart, queriesPerRun: queries.rows,
                contextBytes: 0,
                plannedBytes: memory.weights
                    + memory.withoutContext(
                        rows: context.rows, features: context.columns, queries: queries.rows, threads: threads),
                peakBytes: Self.peakBytes(), rawLogits: answer.rawLogits, scores: answer.scores)
        }
        let prepared =
            isStandardised
            ? try head.prepare(standardised: context, labels: labels) : try head.prepare(context, labels: labels)
        let ready = clock.now
        var (seconds, scores): ([Double], [Float]) = ([], [])
        var logits = [[[Float]]](repeating: [], count: ensemble.members)
        for first in stride(from: 0, to: queries.rows, by: queriesPerRun) {
            let began = clock.now
            let run = queries.selecting(Array(first..<min(first + queriesPerRun, queries.rows)))
            let answer = try head.predict(run, in: prepared)
            seconds.append((clock.now - began) / .seconds(1))
            scores += answer.scores
            for member in logits.indices { logits[member] += answer.rawLogits[member] }
        }
        let preparing = memory.preparing(rows: context.rows, features: context.columns, threads: threads)
        return Result(
            numerics: head.numerics, loadSeconds: (loaded - start) / .seconds(1),
            prepareSeconds: (ready - loaded) / .seconds(1), querySeconds: seconds,
            processorSeconds: ProcessorTime.ofThisProcess - processorStart, queriesPerRun: queriesPerRun,
            contextBytes: prepared.bytes, plannedBytes: memory.weights + prepared.bytes + preparing,
            peakBytes: Self.peakBytes(), rawLogits: logits, scores: scores)
    }

    private static func matrix(_ name: String, _ file: SafetensorsFile) throws(ModelError) -> FeatureMatrix {
        guard let sizes = file.header.entries[name]?.shape.sizes, sizes.count == 2 else {
            throw .tensorMissing(file: file.path, tensor: "\(name) of two axes")
        }
        return FeatureMatrix(
            columns: sizes[1], values: try file.floats(name, shape: Shape(sizes)),
            isTruncated: [Bool](repeating: false, count: sizes[0]))
    }

    private static func peakBytes() -> Int {
        guard let data = FileManager.default.contents(atPath: "/proc/self/status") else { return 0 }
        let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
    }
}
