import Kernels
import Scoring

/// The columns that a context's references make: one of other policies, one of the policy's own old records.
struct ReferenceColumns: Sendable {
    /// By row of the context; 0 where a column is absent.
    let context: [SIMD2<Double>]
    /// Other policies'.
    private let policies: ReferenceColumn?
    /// The policy's own.
    private let record: ReferenceColumn?
    private let prompts: ReferencedPrompts

    /// `nil` where there is no outcome of any reference. `features` are those of `ContextSet.texts`. Throws `kernel`.
    ///
    /// Cost: up to five factorisations of 800 prompts a column, and as many inversions.
    init?(_ context: ContextSet, features: FeatureMatrix, progress: () -> Void) throws(ValueModelError) {
        guard !context.schema.references.isEmpty else { return nil }
        let prompts = ReferencedPrompts(context)
        let rewards = context.rows.map(\.outcome.reward)
        func column(_ kind: SideSchema.Reference.Kind) throws(KernelError) -> ReferenceColumn? {
            try ReferenceColumn(
                kind, schema: context.schema, prompts: prompts, rewards: rewards, features: features,
                progress: progress)
        }
        let (policies, record): (ReferenceColumn?, ReferenceColumn?)
        do throws(KernelError) {
            (policies, record) = (try column(.otherPolicy), try column(.ownRecord))
        } catch { throw .kernel(error.description) }
        guard policies != nil || record != nil else { return nil }
        self.policies = policies
        self.record = record
        self.prompts = prompts
        self.context = rewards.indices.map { SIMD2(policies?.context[$0] ?? 0, record?.context[$0] ?? 0) }
    }

    /// By column: the prior probability that it says nothing; `nil` where it is absent.
    var nulls: [Double?] { [policies?.null, record?.null] }

    /// By reference that is another policy.
    var weights: [Double] { policies?.weights ?? [] }

    /// Adds what is in use to the evidence of a context of so many rows.
    func evidence(rows: Int) -> PredictionEvidence {
        PredictionEvidence(contextRows: rows, references: policies?.used ?? 0, ownRecord: record != nil)
    }

    /// The rows over which other policies' outcomes are smoothed, with the context's own as a second layer: most of them are
    /// among the former, so that both need each cosine once. `nil` where nothing is smoothed. Throws `kernel`.
    func sharing(
        _ rows: EmbeddingRows, weights: [Double], kernel: RadialKernel
    ) throws(ValueModelError) -> WeightedRows? {
        guard let policies, let smoothing = policies.smoothing else { return nil }
        do throws(KernelError) {
            return try smoothing.radial.adding(
                rows, places: prompts.placeOfRow.map { policies.places[$0] }, weights: weights, kernel: kernel)
        } catch { throw .kernel(error.description) }
    }

    /// By query of `rows`: its columns; `sums` are those of the smoothing, where they are known. Throws `kernel`.
    func values(
        _ queries: QuerySet, rows: Range<Int>, sums: [Double]? = nil
    ) throws(ValueModelError) -> [SIMD2<Double>] {
        let places = rows.map { prompts.place(of: queries.side($0)) }
        let known = zip(rows, places).map { row, place in
            let side = queries.side(row)
            // What is only said of the pool's row is true of the query.
            let isSilent = side.references.isEmpty
            return isSilent ? place.map { prompts.sides[$0] } ?? side : side
        }
        func column(_ column: ReferenceColumn?, _ sums: [Double]?) throws(KernelError) -> [Double] {
            try column?.values(known, prompts: places, features: queries.features, rows: Array(rows), sums: sums)
                ?? Array(repeating: 0, count: rows.count)
        }
        do throws(KernelError) {
            return zip(try column(policies, sums), try column(record, nil)).map { SIMD2($0, $1) }
        } catch { throw .kernel(error.description) }
    }
}
