package import Corpora
import Scoring
package import Wire

/// Puts answers back into corpus order and cuts them into parts.
///
/// The ends of parts depend on the input alone: a part ends after the shard with which it has `partRows` lines. So an
/// interrupted run writes the same parts as an uninterrupted one.
package struct PartAssembler {
    /// A part with an answer for each of its lines.
    package struct Part {
        package let index: Int
        package let firstRow: Int
        package let writer: PartWriter
        /// Every shard with a lower number is in this part or an earlier one.
        package let shardsBelow: UInt32
        /// Who answered it.
        package let shares: [RunWorkers.Share]
    }

    /// Fewest lines of a part; only the last part may have fewer.
    package static let partRows = 16_384

    private struct PlannedLines {
        let lines: [ShardCutter.Line]
        /// `nil` when all lines are rejected, so that no worker needs to see them.
        let shard: UInt32?
    }

    private let header: PartWriter
    private var open: [PlannedLines] = []
    private var openRows = 0
    /// Closed parts that wait for answers, in order.
    private var waiting: [(plans: [PlannedLines], firstRow: Int, shardsBelow: UInt32)] = []
    private var answers: [UInt32: ShardAnswer] = [:]
    private var nextIndex = 0
    private var nextRow = 0
    private var shardsBelow: UInt32 = 0

    package init(header: PartWriter) {
        self.header = header
    }

    /// Lines planned so far.
    package private(set) var rows = 0

    /// Plans the next lines. `shard` is the number of their shard; `nil` when all are rejected.
    package mutating func plan(_ lines: [ShardCutter.Line], shard: UInt32?) {
        open.append(PlannedLines(lines: lines, shard: shard))
        openRows += lines.count
        rows += lines.count
        if let shard { shardsBelow = shard + 1 }
        if openRows >= Self.partRows { closePart() }
    }

    /// Closes the last part at the end of the input.
    package mutating func end() {
        if openRows > 0 { closePart() }
    }

    /// Skips the first closed part, which an earlier run has committed. Returns `false` when it is another part.
    package mutating func skip(_ part: OutputPart) -> Bool {
        guard let first = waiting.first, nextIndex == part.index, first.firstRow == part.firstRow,
            first.plans.reduce(0, { $0 + $1.lines.count }) == part.counts.rows
        else { return false }
        waiting.removeFirst()
        nextIndex += 1
        return true
    }

    /// Inserts the answers of a shard.
    package mutating func insert(_ answer: ShardAnswer) {
        answers[answer.shard] = answer
    }

    /// The next part in order, once all its answers have arrived.
    package mutating func nextPart() -> Part? {
        guard let first = waiting.first, first.plans.allSatisfy({ $0.shard.map { answers[$0] != nil } ?? true }) else {
            return nil
        }
        var writer = header
        var shares = PartShares()
        for plan in first.plans {
            let answer = plan.shard.flatMap { answers.removeValue(forKey: $0) }
            if let answer { shares.add(answer) }
            write(plan, answer, to: &writer)
        }
        waiting.removeFirst()
        defer { nextIndex += 1 }
        return Part(
            index: nextIndex, firstRow: first.firstRow, writer: writer, shardsBelow: first.shardsBelow,
            shares: shares.shares)
    }

    /// Whether every planned line is in a part that was returned.
    package var isEmpty: Bool { waiting.isEmpty && open.isEmpty }

    /// Whether there is a closed part that was neither returned nor skipped.
    package var hasClosedPart: Bool { !waiting.isEmpty }

    private mutating func closePart() {
        waiting.append((open, nextRow, shardsBelow))
        nextRow += openRows
        open = []
        openRows = 0
    }

    private func write(_ plan: PlannedLines, _ answer: ShardAnswer?, to writer: inout PartWriter) {
        var faults = (answer?.faults ?? [])[...]
        var row = 0
        for line in plan.lines {
            switch line {
            case .rejected(let error): writer.append(.failed(error))
            case .row(let id, let hasDerivedID, let file, let number, let evidence, let own):
                let prediction = answer?.answers[row]
                let fault = faults.first.flatMap { $0.row == UInt32(row) ? $0 : nil }
                if fault != nil { faults.removeFirst() }
                row += 1
                if let prediction, fault == nil {
                    let joined = own.map { prediction.joined(with: $0) } ?? prediction
                    writer.append(.scored(promptID: id, joined), hasDerivedID: hasDerivedID, evidence: evidence)
                } else {
                    writer.append(
                        .failed(Self.error(fault, file: file, line: number, id: id)), hasDerivedID: hasDerivedID)
                }
            }
        }
    }

    private static func error(_ fault: RowFault?, file: String, line: Int, id: String) -> RowError {
        guard let fault else {
            return RowError(
                file: file, line: line, promptID: id, code: .predictionFailed,
                message: "the worker's answer is not a probability; run `statezero model inspect` on its model")
        }
        let code = RowError.Code(rawValue: fault.code)
        return RowError(
            file: file, line: line, promptID: id, code: code ?? .workerError,
            message: code == nil ? "\(fault.code): \(fault.message)" : fault.message)
    }
}
