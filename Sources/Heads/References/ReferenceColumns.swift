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

    /// `nil` where there is no outcome of any reference. `features` are those of `ContextSet.texts`.
    ///
    /// Cost: up to five factorisations of 800 prompts a column, and as many inversions.
    init?(_ context: ContextSet, features: FeatureMatrix, progress: () -> Void) {
        guard !context.schema.references.isEmpty else { return nil }
        let prompts = ReferencedPrompts(context)
        let rewards = context.rows.map(\.outcome.reward)
        func column(_ kind: SideSchema.Reference.Kind) -> ReferenceColumn? {
            ReferenceColumn(
                kind, schema: context.schema, prompts: prompts, rewards: rewards, features: features,
                progress: progress)
        }
        let (policies, record) = (column(.otherPolicy), column(.ownRecord))
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

    /// By query of `rows`: its columns.
    func values(_ queries: QuerySet, rows: Range<Int>) -> [SIMD2<Double>] {
        let places = rows.map { prompts.place(of: queries.side($0)) }
        let known = zip(rows, places).map { row, place in
            let side = queries.side(row)
            // What is only said of the pool's row is true of the query.
            let isSilent = side.references.isEmpty
            return isSilent ? place.map { prompts.sides[$0] } ?? side : side
        }
        func column(_ column: ReferenceColumn?) -> [Double] {
            column?.values(known, prompts: places, features: queries.features, rows: Array(rows))
                ?? Array(repeating: 0, count: rows.count)
        }
        return zip(column(policies), column(record)).map { SIMD2($0, $1) }
    }
}
