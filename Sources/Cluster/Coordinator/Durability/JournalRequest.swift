import Wire

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
    /// its sender; and what concerns all, because no generation is used twice.
    package private(set) var isPermanent: Bool
    /// Whether what was decided is durable with it: `false` for the parts before the last one.
    package private(set) var completes = true

    /// What a later part opens a plan with.
    package private(set) var planPart: PlanPart?
    /// Whether parts before it have the candidates of the plan that it opens.
    package private(set) var opensByParts = false

    /// Some candidates of a plan.
    package struct PlanPart: Sendable {
        package let opening: PlanOpening
        package let indices: Range<Int>
    }

    /// A part of a request has about so many bytes: some milliseconds of the journal's thread.
    package static let partBytes = 64 << 10

    package init(tenant: String?, concernsAll: Bool = false) {
        self.tenant = tenant
        self.concernsAll = concernsAll
        isPermanent = concernsAll
    }

    /// Which requests become durable one behind the other.
    enum Order: Hashable, Sendable {
        case ofAll
        case ofTenant(String?)
    }

    var order: Order { concernsAll ? .ofAll : .ofTenant(tenant) }

    var isEmpty: Bool { entries.isEmpty && plannerEntries.isEmpty }

    /// Whether nothing waits until it is durable.
    package var delaysNothing: Bool { plannerEntries.isEmpty && entries.allSatisfy(\.delaysNothing) }

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

    /// The parts of a request that is long, or deletes many rows, in order, so that others have their turn between them.
    ///
    /// Outcomes and texts come first, in many parts, then the candidates of a long plan, and then what plans and jobs follow from,
    /// in one. Where only the first parts are durable, as much is known as if the sender had said less; it was not answered,
    /// and repeats what it said, and each outcome counts once. Of outcomes that a trainer's rewind drops, the latest are deleted
    /// first, and the rewind is durable with the last part. Candidates without the part that opens their plan are
    /// nothing. A request with a group's report is never divided.
    package func parts(of bytes: Int) -> [JournalRequest] {
        guard !concernsAll, let all = plannerEntries[tenant], plannerEntries.count == 1,
            bytesWaiting > bytes || all.contains(where: \.deletesMany), all.allSatisfy(\.isDivisible)
        else { return [self] }
        var last: [PlannerEntry] = []
        var chunks: [PlannerEntry] = []
        for entry in all {
            if let some = entry.chunks(of: bytes) { chunks += some } else { last.append(entry) }
        }
        var parts = chunks.map { entry in
            var part = JournalRequest(tenant: tenant)
            part.append([entry], of: tenant)
            return part
        }
        let planParts = planParts(of: bytes)
        parts += planParts
        if !last.isEmpty || !entries.isEmpty {
            var part = JournalRequest(tenant: tenant)
            part.append(last, of: tenant)
            part.append(entries)
            part.opensByParts = !planParts.isEmpty
            part.bytesWaiting -= planParts.reduce(0) { $0 + $1.bytesWaiting }
            parts.append(part)
        }
        for place in parts.indices.dropLast() { parts[place].completes = false }
        return parts
    }

    /// The candidates of the plan that it opens, in parts; none for a short plan. What forgets the former plan of the same step would
    /// forget them too.
    private func planParts(of bytes: Int) -> [JournalRequest] {
        let openings = (plannerEntries[tenant] ?? []).compactMap {
            if case .planOpened(let plan) = $0 { plan } else { nil }
        }
        guard let opening = openings.first, openings.count == 1,
            plannerEntries[tenant]?.contains(.planForgotten(opening.request.plan)) == false
        else { return [] }
        let candidates = opening.request.candidates
        let ranges = PlannerEntry.ranges(of: candidates, bytes, PlannerEntry.bytes(of:))
        guard ranges.count > 1 else { return [] }
        return ranges.map { range in
            var part = JournalRequest(tenant: tenant)
            part.planPart = PlanPart(opening: opening, indices: range)
            part.bytesWaiting = candidates[range].reduce(0) { $0 + PlannerEntry.bytes(of: $1) }
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
        case .policyReduced, .policyForgotten, .attemptBegan: true
        case .planOpened, .planForgotten, .planCut, .predictionsReceived: true
        case .groupReported: false
        }
    }

    /// Whether it has few bytes, and takes long nevertheless.
    fileprivate var deletesMany: Bool {
        if case .policyReduced = self { true } else { false }
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
        case .outcomesForgotten(let policyID, let eventIDs):
            Self.divide(eventIDs, bytes) { Self.bytes($0) }.map { .outcomesForgotten(policyID: policyID, eventIDs: $0) }
        case .outcomesTrimmed, .policyReduced, .policyForgotten: [self]
        default: nil
        }
    }

    private static func divide<Part>(_ parts: [Part], _ bytes: Int, _ size: (Part) -> Int) -> [[Part]] {
        ranges(of: parts, bytes, size).map { Array(parts[$0]) }
    }

    /// Ranges of about so many bytes each.
    fileprivate static func ranges<Part>(of parts: [Part], _ bytes: Int, _ size: (Part) -> Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var (start, sum) = (0, 0)
        for place in parts.indices {
            if sum >= bytes {
                ranges.append(start..<place)
                (start, sum) = (place, 0)
            }
            sum += size(parts[place])
        }
        return parts.isEmpty ? [] : ranges + [start..<parts.count]
    }
}
