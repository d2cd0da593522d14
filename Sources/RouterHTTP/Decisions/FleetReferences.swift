import Corpora
import Routing
import Scoring

/// What the models of a fleet, and policies of files, have achieved on prompts: the references of each model's context and
/// of the prompts that are decided.
///
/// A model's own outcomes are never its references, nor those of another version of its policy. Records are those of the
/// latest preparation of each model, so a context keeps the references that it was prepared with, while a prompt is looked
/// up in the newest ones. It belongs to the decision thread.
struct FleetReferences {
    private struct Source {
        let name: String
        let policyID: String
    }

    private struct Record {
        let digest: Digest
        let text: String
        let outcome: Outcome
    }

    /// A context with the references that it knows.
    struct Known {
        let context: ContextSet
        fileprivate let pool: PoolBuilder
        /// By source: its place in the context's schema.
        fileprivate let places: [Int: Int]
    }

    private let usesFleet: Bool
    /// The models by index, then the policies of files that are no model.
    private var sources: [Source]
    /// By policy of the files: its source.
    private let filed: [Int]
    private let files: ReferenceFiles
    private var records: [[Record]]
    private var byText: [[Digest: Outcome]]

    /// References as the fleet file says; `nil` where there are none.
    init?(_ fleet: Fleet, files: ReferenceFiles) {
        guard !fleet.references.isEmpty else { return nil }
        usesFleet = fleet.references.usesFleet
        self.files = files
        var sources = fleet.models.map { model in
            Source(name: model.policy, policyID: Policy(argument: model.policy).id)
        }
        filed = files.policies.map { policy in
            if let known = sources.firstIndex(where: { $0.name == policy.description }) { return known }
            sources.append(Source(name: policy.description, policyID: policy.id))
            return sources.count - 1
        }
        self.sources = sources
        records = fleet.models.map { _ in [] }
        byText = fleet.models.map { _ in [:] }
    }

    /// Replaces a model's record; the newest of several outcomes on one text counts.
    mutating func record(_ model: Int, _ rows: [ContextSet.Row]) {
        guard usesFleet else { return }
        records[model] = rows.map { Record(digest: Digest(of: $0.text), text: $0.text, outcome: $0.outcome) }
        byText[model] = Dictionary(records[model].map { ($0.digest, $0.outcome) }) { _, newest in newest }
    }

    /// Outcomes of all sources but a model's own, by rising source. A model's record counts before its rows in files.
    private func outcomes(on digest: Digest, without model: Int) -> [(source: Int, outcome: Outcome)] {
        var found: [Int: Outcome] = [:]
        for entry in files.outcomes(on: digest) { found[filed[entry.policy]] = entry.outcome }
        for (other, known) in byText.enumerated() { if let outcome = known[digest] { found[other] = outcome } }
        return found.filter { sources[$0.key].policyID != sources[model].policyID && $0.key != model }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// A model's context with its references; `nil` where none has an outcome on any prompt.
    ///
    /// The references that cover most rows are chosen, as many as a schema has. The pool has the rows, then prompts of the
    /// other models' records, then prompts of the files. Cost: a look-up for each of these.
    func context(of model: Int, rows: [ContextSet.Row]) -> Known? {
        let digests = rows.map { Digest(of: $0.text) }
        let others = records.indices.filter { $0 != model }.flatMap { records[$0] }.sorted { $0.digest < $1.digest }
        var onRows: [Int: Int] = [:]
        for digest in digests {
            for entry in outcomes(on: digest, without: model) { onRows[entry.source, default: 0] += 1 }
        }
        var all = onRows
        for digest in others.map(\.digest) + files.pool.map(\.digest) {
            for entry in outcomes(on: digest, without: model) { all[entry.source, default: 0] += 1 }
        }
        let chosen = all.keys.sorted { left, right in
            (-(onRows[left] ?? 0), -(all[left] ?? 0), left) < (-(onRows[right] ?? 0), -(all[right] ?? 0), right)
        }.prefix(SideSchema.referencesMax - 1)
        guard !chosen.isEmpty else { return nil }
        let places = Dictionary(chosen.enumerated().map { ($1, $0) }) { first, _ in first }
        var pool = PoolBuilder()
        let sides = digests.map { side(of: $0, without: model, places) }
        for (row, side) in zip(rows, sides) { pool.add(row.text, side) }
        for record in others where !pool.isFull {
            pool.add(record.text, side(of: record.digest, without: model, places))
        }
        for entry in files.pool where !pool.isFull {
            pool.add(entry.text, side(of: entry.digest, without: model, places))
        }
        let known = zip(rows, sides).map { row, side in
            ContextSet.Row(text: row.text, outcome: row.outcome, side: pool.placed(side, of: row.text))
        }
        let schema = SideSchema(references: chosen.map { SideSchema.Reference(name: sources[$0].name) })
        return ContextSet(known, schema: schema, pool: pool.rows).map { Known(context: $0, pool: pool, places: places) }
    }

    /// What is known about a prompt, for a model's context.
    func side(of text: String, digest: Digest, model: Int, in known: Known) -> SideInformation {
        known.pool.placed(side(of: digest, without: model, known.places), of: text)
    }

    private func side(of digest: Digest, without model: Int, _ places: [Int: Int]) -> SideInformation {
        SideInformation(
            references: outcomes(on: digest, without: model).compactMap { entry in
                places[entry.source].map { .init(reference: $0, outcome: entry.outcome) }
            })
    }
}
