import OrderedCollections
import Wire

/// What plans predicted and what was reported, summed up for people: histogram of p, calibration, silent groups by plan.
///
/// It is made of the planner's journal entries, so it is the same after a restart, as far as the journal still has the
/// plans. Memory is bounded by `plansMax`; an entry costs O(its predictions and rewards).
public struct PredictionRecord: Hashable, Sendable {
    /// Groups whose p is in a tenth of [0, 1].
    public struct Cell: Hashable, Sendable {
        /// Groups.
        public private(set) var groups = 0
        /// Sum of p.
        public private(set) var sumP = 0.0
        /// Sum of the mean rewards, scaled to [0, 1].
        public private(set) var sumReward = 0.0

        mutating func add(_ pair: (p: Double, reward: Double)) {
            groups += 1
            sumP += pair.p
            sumReward += pair.reward
        }

        mutating func add(_ other: Cell) {
            groups += other.groups
            sumP += other.sumP
            sumReward += other.sumReward
        }
    }

    /// Predictions by p, in `BudgetPicture.binCount` bins.
    public private(set) var histogram = [Int](repeating: 0, count: BudgetPicture.binCount)
    /// Groups that are done by p.
    public private(set) var cells = [Cell](repeating: Cell(), count: cellCount)
    /// The newest plans, in order of their opening.
    public var plans: [PlanTally] { Array(tallies.values) }
    private var tallies: OrderedDictionary<Key, PlanTally> = [:]
    private let tenant: String?

    /// Tenants may give their policies the same name.
    private struct Key: Hashable {
        let tenant: String?
        let plan: PlanName
    }

    /// Cells of calibration.
    public static let cellCount = 10
    /// Plans that are kept.
    public static let plansMax = 64

    /// Nothing happened, to the policies of a tenant.
    public init(of tenant: String? = nil) { self.tenant = tenant }

    /// What happened to the policies of several tenants. Of each, the newest plans are kept.
    init(joining records: [PredictionRecord]) {
        tenant = nil
        for record in records {
            for (bin, count) in record.histogram.enumerated() { histogram[bin] += count }
            for (place, cell) in record.cells.enumerated() { cells[place].add(cell) }
            let newest = record.tallies.suffix(Self.plansMax / max(1, records.count))
            tallies.merge(newest.map { ($0.key, $0.value) }) { $1 }
        }
    }

    /// Adds an entry of the journal; `session` is that of its plan, after the entry.
    mutating func add(_ entry: PlannerEntry, session: (PlanName) -> PlanSession?) {
        switch entry {
        case .planOpened(let opening): tallies.removeValue(forKey: Key(tenant: tenant, plan: opening.request.plan))
        case .predictionsReceived(_, let predictions):
            for prediction in predictions { histogram[BudgetPicture.bin(of: prediction.mean)] += 1 }
        default: break
        }
        guard let session = Self.plan(of: entry).flatMap(session) else { return }
        let key = Key(tenant: tenant, plan: session.name)
        for pair in tallies[key, default: PlanTally(session, of: tenant)].follow(session) {
            cells[BudgetPicture.bin(of: pair.p, of: Self.cellCount)].add(pair)
        }
        if tallies.count > Self.plansMax { tallies.removeFirst() }
    }

    private static func plan(of entry: PlannerEntry) -> PlanName? {
        switch entry {
        case .planOpened(let opening): opening.request.plan
        case .predictionsReceived(let plan, _), .planCut(let plan), .groupReported(let plan, _): plan
        default: nil
        }
    }
}
