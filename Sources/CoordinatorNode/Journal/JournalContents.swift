public import Cluster

/// What a journal has, and what of it is damaged.
public struct JournalContents: Sendable {
    /// Of jobs, in order.
    public internal(set) var entries: [JournalEntry] = []
    /// Of plans and histories that belong to no tenant: outcomes, attempts, plans, known texts.
    public internal(set) var plannerEntries: [PlannerEntry] = []
    /// The same of each tenant's policies.
    public internal(set) var tenants: [String: [PlannerEntry]] = [:]
    /// Rows that are not among the entries.
    public internal(set) var damage: [JournalDamage] = []
    /// Sound rows, by what they are.
    public internal(set) var counts: [JournalDamage.Kind: Int] = [:]
    /// Rows without a checksum: a former version wrote them, and their values are checked by their form only.
    public internal(set) var unchecked = 0

    /// Sound rows.
    public var rows: Int { counts.values.reduce(0, +) }

    mutating func add(_ entry: PlannerEntry, of tenant: String?) {
        if let tenant { tenants[tenant, default: []].append(entry) } else { plannerEntries.append(entry) }
    }

    mutating func count(_ kind: JournalDamage.Kind) { counts[kind, default: 0] += 1 }
}
