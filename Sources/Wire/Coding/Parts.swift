// Answers too large for one header are sent in parts, so that a reader's limit holds whatever was asked.

extension [PlannedBudget] {
    /// The budgets in runs of which each fits into a message, in order; no run where there are none.
    public var parts: [[PlannedBudget]] {
        runs { 48 + $0.promptID.utf8.count + $0.source.utf8.count + $0.reason.utf8.count }
    }
}

extension OutcomesRecorded {
    /// The answer in parts of which each fits into a message: the first has the counts, all but the last say
    /// that more follows.
    public var parts: [OutcomesRecorded] {
        let refusals = rejected.runs { 16 + $0.eventID.utf8.count + $0.code.utf8.count + $0.message.utf8.count }
        let verdicts = decisions.runs { decision in
            16 + (decision.done.map { 64 + $0.promptID.utf8.count + $0.reason.utf8.count + 16 * $0.rewards.count } ?? 0)
        }
        let empty = OutcomesRecorded(request: request, accepted: 0, duplicates: 0, rejected: [], decisions: [])
        var parts: [OutcomesRecorded] = []
        for run in refusals {
            parts.append(empty)
            parts[parts.count - 1].rejected = run
        }
        for run in verdicts {
            parts.append(empty)
            parts[parts.count - 1].decisions = run
        }
        // Most answers are one message.
        if refusals.count <= 1, verdicts.count <= 1 { return [self] }
        for part in parts.indices.dropLast() { parts[part].hasMore = true }
        parts[0].accepted = accepted
        parts[0].duplicates = duplicates
        return parts
    }
}

extension Array {
    /// Runs of elements of about `partBytesMax` bytes together, or of one element.
    fileprivate func runs(bytes: (Element) -> Int) -> [[Element]] {
        var runs: [[Element]] = []
        var size = Limits.partBytesMax
        for element in self {
            let more = bytes(element)
            if size + more > Limits.partBytesMax {
                runs.append([])
                size = 0
            }
            runs[runs.count - 1].append(element)
            size += more
        }
        return runs
    }
}
