import Corpora
public import Routing
public import Scoring

/// The references of a fleet for the jobs of a cluster: what goes with each model's context, and with each prompt.
///
/// They are those of decisions in one process (`PromptRouter`), so that a cluster gives the same answers.
public struct FleetSides: Sendable {
    /// SHA-256 over all outcomes: the files' and, where the fleet is used, the histories'.
    public let digest: Digest
    private let references: FleetReferences
    /// By model; `nil` without a history, or where no reference has an outcome on any prompt.
    private let known: [FleetReferences.Known?]

    /// Chooses the references of each model; `nil` where the fleet file names none. `histories` are by model. Cost: a look-up
    /// for each row of the histories and for each prompt that joins a pool.
    public init?(_ fleet: Fleet, histories: [[ContextSet.Row]], files: ReferenceFiles) {
        guard var references = FleetReferences(fleet, files: files) else { return nil }
        for (model, rows) in histories.enumerated() { references.record(model, rows) }
        self.references = references
        known = histories.enumerated().map { $1.isEmpty ? nil : references.context(of: $0, rows: $1) }
        let records = fleet.references.usesFleet ? histories.compactMap { ContextSet($0)?.digest.bytes } : []
        digest = Digest(ofParts: [files.digest.bytes] + records)
    }

    /// A model's history with its references; `nil` where it has none.
    public func context(of model: Int) -> ContextSet? { known[model]?.context }

    /// What the references of a model's context have achieved on a prompt. Cost: a look-up.
    public func side(of prompt: Prompt, model: Int) -> SideInformation {
        known[model].map { references.side(of: prompt.text, digest: prompt.digest, model: model, in: $0) } ?? .none
    }
}
