import CommandSupport
import Heads
import Scoring

/// Seconds of a head on made-up features, without or with references and covariates.
struct CompactHeadBenchmark {
    /// Medians over rounds, on the calling thread.
    struct Result: Encodable {
        /// How the head computes.
        let numerics: String
        /// Rows of the context.
        let contextRows: Int
        /// References, and the prompts of the pool that they have met.
        let references: Int
        let poolRows: Int
        /// Whether prompts have a number, a category and a vector.
        let hasCovariates: Bool
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
    /// Other policies with outcomes on every prompt.
    var references = 0
    /// Prompts of the pool, the context's among them; none without references.
    var poolRows = 800
    /// Whether prompts have a number, a category and a vector of 384 columns.
    var hasCovariates = false
    /// Queries of the large call; none of them is in the pool, the slower case.
    var queries = 1024
    /// Measured rounds, after one warm-up round.
    var rounds = 21

    /// Measures with contexts of 8 rollouts per row, the slower case. Throws what the head throws. Precondition: at least one round and one query.
    func run(_ head: some InContextHead) throws(ValueModelError) -> Result {
        precondition(rounds >= 1 && queries >= 1, "CompactHeadBenchmark: \(rounds) rounds, \(queries) queries")
        var samples = HeadBenchmarkSamples(references: references, hasCovariates: hasCovariates)
        let (context, features) = try samples.context(rows: contextRows, pool: poolRows)
        let asked = samples.queries(queries)
        let first = asked.selecting([0])
        var prepared = try head.prepare(context, features: features)
        _ = try head.predict(asked, in: prepared)
        var (prepares, calls, lone): ([MeasuredTime], [MeasuredTime], [MeasuredTime]) = ([], [], [])
        for _ in 0..<rounds {
            prepares.append(
                try MeasuredTime(of: .thread) { () throws(ValueModelError) in
                    prepared = try head.prepare(context, features: features)
                })
            calls.append(
                try MeasuredTime(of: .thread) { () throws(ValueModelError) in
                    _ = try head.predict(asked, in: prepared)
                })
            lone.append(
                try MeasuredTime(of: .thread) { () throws(ValueModelError) in
                    _ = try head.predict(first, in: prepared)
                })
        }
        return Result(
            numerics: head.identity, contextRows: contextRows, references: references,
            poolRows: references > 0 ? poolRows : 0, hasCovariates: hasCovariates, queries: queries,
            prepareSeconds: prepares.medianSeconds,
            prepareProcessorSeconds: prepares.medianProcessorSeconds,
            prepareSecondsMax: prepares.map(\.seconds).max() ?? 0,
            querySeconds: calls.medianSeconds / Double(queries),
            queryProcessorSeconds: calls.medianProcessorSeconds / Double(queries),
            loneQuerySeconds: lone.medianSeconds)
    }
}
