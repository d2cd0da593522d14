import Foundation
public import Heads
import Kernels
public import Scoring

/// Seconds of the compact head on made-up features; `statezero bench compact` prints them.
public struct CompactHeadBenchmark: Sendable {
    /// What a measurement gave; each figure is a median over rounds, on the thread that called.
    public struct Result: Sendable, Encodable {
        /// What computed.
        public let numerics: String
        /// Rows of the context.
        public let contextRows: Int
        /// Queries of the large call.
        public let queries: Int
        /// Features and outcomes to a context.
        public let prepareSeconds: Double
        /// The same as the processor has it: what is left to compare on a machine with other work.
        public let prepareProcessorSeconds: Double
        /// The slowest round.
        public let prepareSecondsMax: Double
        /// A query of the large call, features to belief.
        public let querySeconds: Double
        /// The same as the processor has it.
        public let queryProcessorSeconds: Double
        /// A query by itself.
        public let loneQuerySeconds: Double
    }

    /// Rows of the context.
    public var contextRows = 256
    /// Queries of the large call.
    public var queries = 1024
    /// How often everything is measured, after one round that is not.
    public var rounds = 21

    /// 256 rows of 8 rollouts, which is the more expensive case, and 1,024 queries.
    public init() {}

    /// Measures. Throws what the head throws. Precondition: at least one round and one query.
    public func run(_ head: CompactHead) throws(ValueModelError) -> Result {
        precondition(rounds >= 1 && queries >= 1, "CompactHeadBenchmark: \(rounds) rounds, \(queries) queries")
        var generator = SeededGenerator(seed: 4)
        let features = Self.features(contextRows, &generator)
        let asked = Self.features(queries, &generator)
        let rows = (0..<contextRows).compactMap { row in
            Outcome(k: Int(generator.unit() * 9), n: 8).map { ContextSet.Row(text: "\(row)", outcome: $0) }
        }
        guard let context = ContextSet(rows) else {
            throw .doesNotFit(
                what: "a context of \(contextRows) rows", needed: contextRows, available: ContextSet.rowsMax,
                advice: "ask for at most \(ContextSet.rowsMax) rows")
        }
        let first = asked.selecting([0])
        var prepared = try head.prepare(context, features: features)
        _ = try head.predict(asked, in: prepared)
        var (prepares, calls, lone): ([Time], [Time], [Time]) = ([], [], [])
        for _ in 0..<rounds {
            prepares.append(
                try Time { () throws(ValueModelError) in
                    prepared = try head.prepare(context, features: features)
                })
            calls.append(try Time { () throws(ValueModelError) in _ = try head.predict(asked, in: prepared) })
            lone.append(try Time { () throws(ValueModelError) in _ = try head.predict(first, in: prepared) })
        }
        return Result(
            numerics: head.numerics, contextRows: contextRows, queries: queries,
            prepareSeconds: Median.of(prepares.map(\.seconds)),
            prepareProcessorSeconds: Median.of(prepares.map(\.processorSeconds)),
            prepareSecondsMax: prepares.map(\.seconds).max() ?? 0,
            querySeconds: Median.of(calls.map(\.seconds)) / Double(queries),
            queryProcessorSeconds: Median.of(calls.map(\.processorSeconds)) / Double(queries),
            loneQuerySeconds: Median.of(lone.map(\.seconds)))
    }

    private struct Time {
        let seconds: Double
        let processorSeconds: Double

        init(_ work: () throws(ValueModelError) -> Void) throws(ValueModelError) {
            let (start, processorStart) = (ContinuousClock.now, ProcessorTime.ofThisThread)
            try work()
            seconds = (ContinuousClock.now - start) / .seconds(1)
            processorSeconds = ProcessorTime.ofThisThread - processorStart
        }
    }

    /// Unit embeddings in a narrow cone, as prompts of one corpus have, and surface features of ordinary sizes.
    private static func features(_ rows: Int, _ generator: inout SeededGenerator) -> FeatureMatrix {
        let columns = CompactHeadConfiguration.embeddingColumns
        var values: [Float] = []
        for _ in 0..<rows {
            let vector = (0..<columns).map { Float(generator.unit() - 0.5) + ($0 < columns / 8 ? 0.5 : 0) }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for value in vector { values.append(value / norm) }
            for _ in 0..<SurfaceFeatures.count { values.append(Float(generator.unit() * 5)) }
        }
        return FeatureMatrix(
            columns: CompactHead.featureColumns, values: values, isTruncated: [Bool](repeating: false, count: rows))
    }
}
