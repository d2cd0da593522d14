import Cluster
import Planning
import Wire

// Bodies of the planner's entries in the journal. A request is kept as the frames of its message; all else are fields in a
// fixed order. That order is the format and never changes: every version reads the journals of all former ones, and writes
// the same bytes. A protobuf message would not replace this code, it would be a second format beside it.

extension RequestPlan {
    fileprivate func append(to writer: inout JournalWriter) {
        let frames = Envelope(generation: 0, .requestPlan(self)).frames
        writer.reserve(frames.reduce(1024) { $0 + $1.count })
        writer.append(frames.count)
        for frame in frames { writer.append(frame) }
    }

    fileprivate init(reading reader: inout JournalReader) throws {
        var frames: [[UInt8]] = []
        for _ in 0..<(try reader.count()) { frames.append(try reader.block()) }
        guard case .requestPlan(let request) = try Envelope(frames: frames).message else {
            throw CoordinatorError.journalDamaged
        }
        self = request
    }
}

extension PlanOpening {
    var journalBody: [UInt8] {
        var writer = JournalWriter()
        append(to: &writer)
        return writer.bytes
    }

    /// The body of a plan whose candidates are in rows before it: their number, and the rest.
    var journalBodyByParts: [UInt8] {
        var writer = JournalWriter()
        writer.append(request.candidates.count)
        var rest = self
        rest.request.candidates = []
        rest.append(to: &writer)
        return writer.bytes
    }

    private func append(to writer: inout JournalWriter) {
        request.append(to: &writer)
        writer.append(identity)
        writer.append(minimum)
        writer.append(maximum)
        // A negative number means no price: no plan has a price below 0.
        writer.append(price ?? -1)
        writer.append(contextRows)
        writer.append(staleness)
        writer.append(warnings.count)
        for warning in warnings { writer.append(warning) }
        // Behind the former fields, and absent where there is none.
        guard contextAhead > 0 || attemptsBefore > 0 || !lengths.isEmpty || exploration.share != nil else { return }
        writer.append(contextAhead)
        writer.append(Int(clamping: attemptsBefore))
        writer.append(lengths.count)
        for length in lengths { writer.append(length) }
        guard let share = exploration.share else { return }
        writer.append(share)
        writer.append(exploration.saved)
        for numbers in [exploration.waits, exploration.visits] {
            writer.append(numbers.count)
            for number in numbers { writer.append(number) }
        }
    }

    init(reading reader: inout JournalReader) throws {
        let request = try RequestPlan(reading: &reader)
        let identity = try reader.block()
        let (minimum, maximum) = (try reader.integer(), try reader.integer())
        let price = try reader.real()
        let (contextRows, staleness) = (try reader.integer(), try reader.integer())
        var warnings: [String] = []
        for _ in 0..<(try reader.count()) { warnings.append(try reader.text()) }
        self.init(
            request: request, identity: identity, minimum: minimum, maximum: maximum, price: price < 0 ? nil : price,
            contextRows: contextRows, staleness: staleness, warnings: warnings)
        guard !reader.isAtEnd else { return }
        contextAhead = try reader.integer()
        attemptsBefore = UInt64(clamping: try reader.integer())
        for _ in 0..<(try reader.count()) { lengths.append(try reader.real()) }
        guard !reader.isAtEnd else { return }
        exploration.share = try reader.real()
        exploration.saved = try reader.real()
        for _ in 0..<(try reader.count()) { exploration.waits.append(try reader.integer()) }
        for _ in 0..<(try reader.count()) { exploration.visits.append(try reader.integer()) }
    }
}

extension JournalRequest.PlanPart {
    /// The index of the first candidate, and a request that has nothing but them.
    var journalBody: [UInt8] {
        var writer = JournalWriter()
        writer.append(indices.lowerBound)
        let some = Array(opening.request.candidates[indices])
        RequestPlan(plan: opening.request.plan, total: 0, candidates: some).append(to: &writer)
        return writer.bytes
    }

    /// Reads candidates, and the index of the first.
    static func read(_ reader: inout JournalReader) throws -> (first: Int, candidates: [PlanCandidate]) {
        (try reader.integer(), try RequestPlan(reading: &reader).candidates)
    }
}

extension [CandidatePrediction] {
    var journalBody: [UInt8] {
        var writer = JournalWriter()
        writer.append(count)
        for prediction in self {
            writer.append(prediction.index)
            writer.append(prediction.mean)
            writer.append(prediction.kappa)
            writer.append(prediction.source.rawValue)
        }
        // Behind the former fields, and absent where no prediction has any: the bytes are then those of 0.1.
        guard contains(where: { $0.evidence != nil || $0.staleness != nil }) else { return writer.bytes }
        for prediction in self {
            writer.append(prediction.evidence?.contextRows ?? -1)
            writer.append(prediction.evidence?.references ?? 0)
            writer.append(prediction.evidence?.ownRecord == true ? 1 : 0)
        }
        guard contains(where: { $0.staleness != nil }) else { return writer.bytes }
        for prediction in self { writer.append(prediction.staleness ?? -1) }
        return writer.bytes
    }

    init(reading reader: inout JournalReader) throws {
        self = []
        for _ in 0..<(try reader.count()) {
            let index = try reader.integer()
            let (mean, kappa) = (try reader.real(), try reader.real())
            guard let source = BudgetSource(rawValue: try reader.text()) else { throw CoordinatorError.journalDamaged }
            append(CandidatePrediction(index: index, mean: mean, kappa: kappa, source: source))
        }
        guard !reader.isAtEnd else { return }
        for place in indices {
            let (contextRows, references) = (try reader.integer(), try reader.integer())
            let ownRecord = try reader.integer() == 1
            guard contextRows >= 0 else { continue }
            self[place].evidence = Evidence(contextRows: contextRows, references: references, ownRecord: ownRecord)
        }
        guard !reader.isAtEnd else { return }
        for place in indices {
            let staleness = try reader.integer()
            if staleness >= 0 { self[place].staleness = staleness }
        }
    }
}

extension GroupReport {
    var journalBody: [UInt8] {
        var writer = JournalWriter()
        writer.append(index)
        writer.append(eventID)
        writer.append(rewards.count)
        for reward in rewards { writer.append(reward) }
        writer.append(failed)
        writer.append(references.count)
        for reference in references { writer.append(reference) }
        return writer.bytes
    }

    init(reading reader: inout JournalReader) throws {
        let index = try reader.integer()
        let eventID = try reader.text()
        var rewards: [Double] = []
        for _ in 0..<(try reader.count()) { rewards.append(try reader.real()) }
        let failed = try reader.integer()
        var references: [String] = []
        for _ in 0..<(try reader.count()) { references.append(try reader.text()) }
        self.init(index: index, eventID: eventID, rewards: rewards, failed: failed, references: references)
    }
}

extension PolicyAttempts {
    var journalBody: [UInt8] {
        var writer = JournalWriter()
        // A negative number means that the trainer did not go back without an attempt.
        writer.append(rewoundTo ?? -1)
        writer.append(beginnings.count)
        for beginning in beginnings {
            writer.append(Int(clamping: beginning.attempt))
            writer.append(beginning.step)
        }
        return writer.bytes
    }

    init(reading reader: inout JournalReader) throws {
        let rewoundTo = try reader.integer()
        var beginnings: [Beginning] = []
        for _ in 0..<(try reader.count()) {
            let attempt = UInt64(clamping: try reader.integer())
            beginnings.append(Beginning(attempt: attempt, step: try reader.integer()))
        }
        self.init(beginnings: beginnings, rewoundTo: rewoundTo < 0 ? nil : rewoundTo)
    }
}
