public import Scoring

/// Finds the side information of a prompt by its row: outcomes by id and else by text, columns in the row, vectors by id.
public struct SideIndex: Sendable {
    /// What the side information means.
    public let schema: SideSchema
    /// SHA-256 over all that can change the side information of any prompt.
    public let digest: Digest
    let table: ReferenceTable
    let sources: SideSources
    /// Columns that the rows of prompts must be read with.
    public let columns: SideColumns
    let vectors: [VectorSource]
    let pool: PoolBuilder

    /// What is known about a prompt, and what of it a prediction rests on.
    public struct Facts: Sendable {
        /// For the model.
        public let side: SideInformation
        /// For the output.
        public let evidence: RowEvidence
        /// Fresh outcomes of the policy itself, to be joined with the prediction; `nil` if there are none.
        public let own: OwnCounts?
    }

    /// Outcomes of an earlier version of the policy on the prompt.
    public struct OwnCounts: Hashable, Sendable {
        /// Mean reward and number of rollouts.
        public let outcome: Outcome
        /// Steps between that version and the target.
        public let age: Int
    }

    /// A prompt's facts. Cost: a look-up of its id, at most one hash of its text, and its outcomes.
    public func facts(of row: PromptRow) -> Facts {
        facts(id: row.prompt.id, text: row.prompt.text, columns: row.columns)
    }

    func facts(id: String?, text: String, columns values: [ColumnValue]) -> Facts {
        var entries: [SideInformation.ReferenceOutcome] = []
        let own = sources.forEachOutcome(id: id, text: text, values, in: table) { source, outcome in
            guard let reference = sources.references[source] else { return }
            entries.append(.init(reference: reference, outcome: outcome))
        }
        let references = entries.count
        let stale = own.flatMap { $0.age >= sources.staleSteps ? $0 : nil }
        if let stale, let reference = sources.ownReference {
            entries.append(.init(reference: reference, outcome: stale.outcome))
        }
        let side = SideInformation(
            references: entries, numbers: numbers(values), categories: categories(values), vectors: vectors(of: id))
        return Facts(
            side: pool.placed(side, of: text),
            evidence: RowEvidence(references: references, hasOwnRecord: own != nil), own: stale == nil ? own : nil)
    }

    private func numbers(_ values: [ColumnValue]) -> [Float] {
        let numbers = sources.numbers.map { place -> Float in
            if case .number(let number, _) = values[place] { number } else { .nan }
        }
        return numbers.allSatisfy(\.isNaN) ? [] : numbers
    }

    private func categories(_ values: [ColumnValue]) -> [UInt32] {
        let codes = sources.categories.map { place -> UInt32 in
            switch values[place] {
            case .text(let text): SideSchema.code(of: text)
            case .number(_, let digits): SideSchema.code(of: digits)
            case .missing, .outcome: 0
            }
        }
        return codes.allSatisfy { $0 == 0 } ? [] : codes
    }

    private func vectors(of id: String?) -> [Float] {
        guard let id, !vectors.isEmpty else { return [] }
        let found = vectors.map { $0.vector(of: id) }
        guard found.contains(where: { $0 != nil }) else { return [] }
        return zip(vectors, found).flatMap { source, vector in
            vector ?? Array(repeating: .nan, count: source.columns)
        }
    }
}

/// Sources of outcomes and columns of a row, and their places in the schema.
struct SideSources: Sendable {
    /// Columns of rows with outcomes; the first values of a row.
    let columnCount: Int
    /// By source of the table: steps from that version of the target to the target itself; `nil` for other policies.
    let ages: [Int?]
    let staleSteps: Int
    /// By source, of the table first and then of columns: its place in the schema.
    var references: [Int?] = []
    /// Place of the own record in the schema.
    var ownReference: Int?
    /// Places of numbers and of categories among the values of a row.
    var numbers: [Int] = []
    var categories: [Int] = []

    /// Calls `body` with every outcome on a prompt that is no own record, or an own record older than the newest, with the
    /// number of its source; returns the newest own record.
    func forEachOutcome(
        id: String?, text: String, _ values: [ColumnValue], in table: ReferenceTable,
        _ body: (_ source: Int, Outcome) -> Void
    ) -> SideIndex.OwnCounts? {
        var own: (source: Int, SideIndex.OwnCounts)?
        if table.count > 0, let prompt = table.prompt(id: id, text: text) {
            table.forEach(of: prompt) { source, outcome in
                guard let age = ages[source] else { return body(source, outcome) }
                if let newer = own, newer.1.age <= age { return body(source, outcome) }
                if let older = own { body(older.source, older.1.outcome) }
                own = (source, SideIndex.OwnCounts(outcome: outcome, age: age))
            }
        }
        for (place, value) in values.prefix(columnCount).enumerated() {
            if case .outcome(let outcome) = value { body(ages.count + place, outcome) }
        }
        return own?.1
    }
}
