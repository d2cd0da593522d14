import Heads
import Scoring

/// Made-up prompts for measurements of heads: texts, features, outcomes of references, covariates.
struct HeadBenchmarkSamples {
    private var generator = SeededGenerator(seed: 4)
    private let references: Int
    private let hasCovariates: Bool

    private static let embeddingColumns = CompactHeadConfiguration.embeddingColumns
    private static let words = 80

    init(references: Int, hasCovariates: Bool) {
        (self.references, self.hasCovariates) = (references, hasCovariates)
    }

    /// A context whose rows are the first prompts of its pool, if there are references, and the features of its texts.
    mutating func context(
        rows: Int, pool poolRows: Int
    ) throws(ValueModelError) -> (ContextSet, FeatureMatrix) {
        let count = references > 0 ? max(rows, poolRows) : rows
        let (texts, own) = ((0..<count).map { _ in text() }, features(count))
        let sides = (0..<count).map { _ in side(poolRow: nil) }
        let pairs = (0..<rows).compactMap { row in
            Outcome(k: Int(generator.unit() * 9), n: 8).map { outcome in
                let known = SideInformation(
                    references: sides[row].references, numbers: sides[row].numbers,
                    categories: sides[row].categories, vectors: sides[row].vectors,
                    poolRow: references > 0 ? row : nil)
                return ContextSet.Row(text: texts[row], outcome: outcome, side: known)
            }
        }
        let schema = SideSchema(
            references: (0..<references).map { .init(name: "policy \($0)") }, numbers: hasCovariates ? ["level"] : [],
            categories: hasCovariates ? ["subject"] : [],
            vectors: hasCovariates ? [.init(name: "states", columns: Self.embeddingColumns)] : [])
        let pool = references > 0 ? zip(texts, sides).map { ContextSet.PoolRow(text: $0, side: $1) } : []
        guard let context = ContextSet(pairs, schema: schema, pool: pool) else {
            throw .doesNotFit(
                what: "a context of \(rows) rows and a pool of \(pool.count)", needed: max(rows, pool.count),
                available: ContextSet.poolRowsMax,
                advice: "ask for at most \(ContextSet.rowsMax) rows and a pool of \(ContextSet.poolRowsMax)")
        }
        return (context, own.selecting(Array(0..<rows) + (references > 0 ? Array(0..<count) : [])))
    }

    /// Prompts of which none is in a pool.
    mutating func queries(_ count: Int) -> QuerySet {
        let texts = (0..<count).map { _ in text() }
        let features = features(count)
        return QuerySet(texts: texts, features: features, side: (0..<count).map { _ in side(poolRow: nil) })
    }

    private mutating func side(poolRow: Int?) -> SideInformation {
        let outcomes = (0..<references).compactMap { reference in
            Outcome(k: Int(generator.unit() * 2), n: 1).map {
                SideInformation.ReferenceOutcome(reference: reference, outcome: $0)
            }
        }
        guard hasCovariates else { return SideInformation(references: outcomes, poolRow: poolRow) }
        return SideInformation(
            references: outcomes, numbers: [Float(generator.unit())], categories: [UInt32(generator.unit() * 8) + 1],
            vectors: (0..<Self.embeddingColumns).map { _ in Float(generator.unit() - 0.5) }, poolRow: poolRow)
    }

    /// Some five hundred characters.
    private mutating func text() -> String {
        (0..<Self.words).map { _ in "word\(Int(generator.unit() * generator.unit() * 3000))" }.joined(separator: " ")
    }

    /// Unit embeddings in a narrow cone, like the prompts of one corpus, and surface features of typical sizes.
    private mutating func features(_ rows: Int) -> FeatureMatrix {
        let columns = Self.embeddingColumns
        var values: [Float] = []
        for _ in 0..<rows {
            let vector = (0..<columns).map { Float(generator.unit() - 0.5) + ($0 < columns / 8 ? 0.5 : 0) }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for value in vector { values.append(value / norm) }
            for _ in 0..<SurfaceFeatures.count { values.append(Float(generator.unit() * 5)) }
        }
        return FeatureMatrix(
            columns: columns + SurfaceFeatures.count, values: values,
            isTruncated: [Bool](repeating: false, count: rows))
    }
}
