import Corpora
import Scoring
import Wire

/// Puts answers back into corpus order and cuts them into parts.
///
/// Where parts end depends on the input alone: after the shard with which a part has `partRows` lines. So a run that was
/// interrupted writes the same parts as one that was not.
package struct PartAssembler {
    /// A part all of whose lines have their answers.
    struct Part {
        let index: Int
        let firstRow: Int
        let writer: PartWriter
        /// Every shard below is in this part or one before it.
        let shardsBelow: UInt32
    }

    /// Lines of a part, at least; the last one may have fewer.
    package static let partRows = 16_384

    private struct Plan {
        let lines: [ShardCutter.Line]
        /// `nil` for a run of lines that no worker needs to see.
        let shard: UInt32?
    }

    private let header: PartWriter
    private var open: [Plan] = []
    private var openRows = 0
    /// Parts that wait for answers, in order.
    private var waiting: [(plans: [Plan], firstRow: Int, shardsBelow: UInt32)] = []
    private var answers: [UInt32: ShardAnswer] = [:]
    private var nextIndex = 0
    private var nextRow = 0
    private var shardsBelow: UInt32 = 0

    init(header: PartWriter) {
        self.header = header
    }

    /// Lines planned so far.
    private(set) var rows = 0

    /// Plans the next run of lines. `shard` is its number when it holds texts.
    mutating func plan(_ lines: [ShardCutter.Line], shard: UInt32?) {
        open.append(Plan(lines: lines, shard: shard))
        openRows += lines.count
        rows += lines.count
        if let shard { shardsBelow = shard + 1 }
        if openRows >= Self.partRows { closePart() }
    }

    /// The input has ended: what is open is the last part.
    mutating func end() {
        if openRows > 0 { closePart() }
    }

    /// A committed part of an earlier life: its lines are planned and need no answers. `false` when the first part that
    /// waits is another one.
    mutating func skip(_ part: OutputPart) -> Bool {
        guard let first = waiting.first, nextIndex == part.index, first.firstRow == part.firstRow,
            first.plans.reduce(0, { $0 + $1.lines.count }) == part.counts.rows
        else { return false }
        waiting.removeFirst()
        nextIndex += 1
        return true
    }

    /// Keeps a shard's answers.
    mutating func take(_ answer: ShardAnswer) {
        answers[answer.shard] = answer
    }

    /// The next part, in order, if all its answers are there.
    mutating func nextPart() -> Part? {
        guard let first = waiting.first, first.plans.allSatisfy({ $0.shard.map { answers[$0] != nil } ?? true }) else {
            return nil
        }
        var writer = header
        for plan in first.plans { write(plan, to: &writer) }
        waiting.removeFirst()
        defer { nextIndex += 1 }
        return Part(index: nextIndex, firstRow: first.firstRow, writer: writer, shardsBelow: first.shardsBelow)
    }

    /// Whether every planned line is in a part that was given out.
    var isEmpty: Bool { waiting.isEmpty && open.isEmpty }

    /// Whether a part waits, committed before or to be answered.
    var hasClosedPart: Bool { !waiting.isEmpty }

    private mutating func closePart() {
        waiting.append((open, nextRow, shardsBelow))
        nextRow += openRows
        open = []
        openRows = 0
    }

    private mutating func write(_ plan: Plan, to writer: inout PartWriter) {
        let answer = plan.shard.flatMap { answers.removeValue(forKey: $0) }
        var faults = (answer?.faults ?? [])[...]
        var row = 0
        for line in plan.lines {
            switch line {
            case .rejected(let error): writer.append(.failed(error))
            case .row(let id, let hasDerivedID, let file, let number):
                let prediction = answer?.answers[row]
                let fault = faults.first.flatMap { $0.row == UInt32(row) ? $0 : nil }
                if fault != nil { faults.removeFirst() }
                row += 1
                if let prediction, fault == nil {
                    writer.append(.scored(promptID: id, prediction), hasDerivedID: hasDerivedID)
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
                message: "the worker's answer is no probability; run `statezero model inspect` on its model")
        }
        let code = RowError.Code(rawValue: fault.code)
        return RowError(
            file: file, line: line, promptID: id, code: code ?? .workerError,
            message: code == nil ? "\(fault.code): \(fault.message)" : fault.message)
    }
}
