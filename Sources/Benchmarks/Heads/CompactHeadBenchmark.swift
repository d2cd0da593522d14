import CommandSupport
import Heads
import Scoring

/// Seconds of the compact head on synthetic features.
struct CompactHeadBenchmark {
    /// Medians over rounds, on the calling thread.
    struct Result: Encodable {
        /// How the head computes.
        let numerics: String
        /// Rows of the context.
        let contextRows: Int
        /// Queries of the large call.
        let queries: Int
        /// From features and outcomes to a prepared context.
        let prepareSeconds: Double
        /// Processor time of the same: the figure to compare on a busy machine.
        let prepareProcessorSeconds: Double
        /// The slowest round.
        let prepareSecondsMax: Double
        /// One query of the large call, from features to belief.
        let querySeconds: Double
        /// Processor time of the same.
        let queryProcessorSeconds: Double
        /// A call of one query.
        let loneQuerySeconds: Double
    }

    /// Rows of the context.
    var contextRows = 256
    /// Queries of the large call.
    var queries = 1024
    /// Measured rounds, after one warm-up round.
    var rounds = 21

    /// Measures with contexts of 8 rollouts per row, the slower case. Throws what the head throws. Precondition: at least one round and one query.
    func run(_ head: CompactHead) throws(ValueModelError) -> Result {
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
        _ = try head.predict(QuerySet(features: asked), in: prepared)
        var (prepares, calls, lone): ([MeasuredTime], [MeasuredTime], [MeasuredTime]) = ([], [], [])
        for _ in 0..<rounds {
            prepares.append(
                try MeasuredTime(of: .thread) { () throws(ValueModelError) in
                    prepared = try head.prepare(context, features: features)
                })
            calls.append(
                try MeasuredTime(of: .thread) { () throws(ValueModelError) in
                    _ = try head.predict(QuerySet(features: asked), in: prepared)
                })
            lone.append(
                try MeasuredTime(of: .thread) { () throws(ValueModelError) in
                    _ = try head.predict(QuerySet(features: first), in: prepared)
                })
        }
        return Result(
            numerics: head.numerics, contextRows: contextRows, queries: queries,
            prepareSeconds: prepares.medianSeconds,
            prepareProcessorSeconds: prepares.medianProcessorSeconds,
            prepareSecondsMax: prepares.map(\.seconds).max() ?? 0,
            querySeconds: calls.medianSeconds / Double(queries),
            queryProcessorSeconds: calls.medianProcessorSeconds / Double(queries),
            loneQuerySeconds: lone.medianSeconds)
    }

    /// Unit embeddings in a narrow cone, like the prompts of one corpus, and surface features of typical sizes.
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
