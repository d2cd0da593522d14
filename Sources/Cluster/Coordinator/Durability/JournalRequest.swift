/// Entries of one decision, to be made durable: all or none, where it is not divided.
package struct JournalRequest: Sendable {
    /// Whose work they are about; with `concernsAll`, that of any.
    package let tenant: String?
    /// Whether everything waits for it that is decided later, and it for everything that was decided earlier.
    package let concernsAll: Bool
    /// Of jobs, models and workers.
    package private(set) var entries: [JournalEntry] = []
    /// Of planners, by tenant.
    package private(set) var plannerEntries: [String?: [PlannerEntry]] = [:]
    /// Bytes that it keeps until it is durable, about.
    package private(set) var bytesWaiting = 0
    /// Whether it must be on the disk itself, so that a power cut does not lose it: what is acknowledged, and not repeated by
    /// its sender.
    package private(set) var isPermanent = false
    /// Whether what was decided is durable with it: `false` for the parts before the last one.
    package private(set) var completes = true

    /// A part of a request has about so many bytes: some milliseconds of the journal's thread.
    package static let partBytes = 64 << 10

    package init(tenant: String?, concernsAll: Bool = false) {
        self.tenant = tenant
        self.concernsAll = concernsAll
    }

    var isEmpty: Bool { entries.isEmpty && plannerEntries.isEmpty }

    /// Adds entries of jobs, models and workers.
    package mutating func append(_ some: [JournalEntry]) {
        entries += some
        bytesWaiting += some.reduce(0) { $0 + $1.bytesWaiting }
    }

    /// Adds entries of the planner of a tenant.
    package mutating func append(_ some: [PlannerEntry], of tenant: String?) {
        guard !some.isEmpty else { return }
        plannerEntries[tenant, default: []] += some
        bytesWaiting += some.reduce(0) { $0 + $1.bytesWaiting }
        if !isPermanent { isPermanent = some.contains(where: \.isPermanent) }
    }

    /// Adds the entries among actions.
    mutating func append(_ actions: [CoordinatorMachines.Action]) {
        for action in actions {
            switch action {
            case .journal(let entry, _): append([entry])
            case .journalPlan(let entry, let tenant): append([entry], of: tenant)
            case .send, .work, .log, .logPlan: break
            }
        }
    }

    // MARK: Parts

    /// The parts of a long request, in order, so that others have their turn between them.
    ///
    /// Outcomes and texts come first, in many parts, and then what plans and jobs follow from, in one. Where only the first parts are
    /// durable, as much is known as if the sender had said less; it was not answered, and repeats what it said, and each
    /// outcome counts once. A request with a group's report is never divided.
    package func parts(of bytes: Int) -> [JournalRequest] {
        guard !concernsAll, bytesWaiting > bytes, let all = plannerEntries[tenant], plannerEntries.count == 1,
            all.allSatisfy(\.isDivisible)
        else { return [self] }
        var last: [PlannerEntry] = []
        var chunks: [PlannerEntry] = []
        for entry in all {
            if let some = entry.chunks(of: bytes) { chunks += some } else { last.append(entry) }
        }
        let parts = chunks.map { [$0] } + (last.isEmpty && entries.isEmpty ? [] : [last])
        return parts.enumerated().map { number, some in
            var part = JournalRequest(tenant: tenant)
            part.append(some, of: tenant)
            part.completes = number == parts.count - 1
            if part.completes { part.append(entries) }
            return part
        }
    }
}

extension PlannerEntry {
    fileprivate var isPermanent: Bool {
        switch self {
        case .outcomesRecorded, .groupReported, .outcomesForgotten, .attemptBegan: true
        default: false
        }
    }

    /// Whether what a request with it has before and behind it may be durable apart from it.
    fileprivate var isDivisible: Bool {
        switch self {
        case .outcomesRecorded, .textsNamed, .textsForgotten, .outcomesTrimmed, .outcomesForgotten: true
        case .policyForgotten, .attemptBegan, .planOpened, .planForgotten, .planCut, .predictionsReceived: true
        case .groupReported: false
        }
    }

    /// The same as several entries of about so many bytes each; `nil` for what belongs to a plan.
    fileprivate func chunks(of bytes: Int) -> [PlannerEntry]? {
        switch self {
        case .outcomesRecorded(let policyID, let outcomes):
            Self.divide(outcomes, bytes, Self.bytes(of:)).map { .outcomesRecorded(policyID: policyID, $0) }
        case .textsNamed(let policyID, let texts):
            Self.divide(texts, bytes, Self.bytes(of:)).map { .textsNamed(policyID: policyID, $0) }
        case .textsForgotten(let policyID, let promptIDs):
            Self.divide(promptIDs, bytes) { Self.bytes($0) }.map { .textsForgotten(policyID: policyID, promptIDs: $0) }
        case .outcomesTrimmed, .outcomesForgotten, .policyForgotten: [self]
        default: nil
        }
    }

    private static func divide<Part>(_ parts: [Part], _ bytes: Int, _ size: (Part) -> Int) -> [[Part]] {
        var divided: [[Part]] = []
        var sum = bytes
        for part in parts {
            if sum >= bytes {
                divided.append([])
                sum = 0
            }
            divided[divided.count - 1].append(part)
            sum += size(part)
        }
        return divided
    }
}
