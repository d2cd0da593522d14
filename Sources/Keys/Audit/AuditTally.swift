public import Foundation

/// Decides which changes get a line of the audit log each, and counts the others: the log must not grow at the rate of what a
/// key sends.
///
/// Of each key, kind and outcome the first `linesMax` changes of a minute have a line of their own. The others are counted, and
/// so are all that are `isCountedOnly`: one line at the minute's end says how many there were, and when. Nothing is left out.
/// Cost of a change: constant. It keeps an entry for each key, kind and outcome of the last minute.
public struct AuditTally: Sendable {
    /// A line of the log.
    public enum Line: Sendable, Hashable {
        /// A change.
        case change(AuditedChange)
        /// So many changes of a key, a kind and an outcome; `change` has no facts.
        case count(AuditedChange, Int, first: Date, last: Date)
    }

    private struct Counted {
        let begin: ContinuousClock.Instant
        var lines = 0
        var count = 0
        var first = Date.distantPast
        var last = Date.distantPast
    }

    /// Lines of single changes in a minute.
    public static let linesMax = 10
    /// How long changes are counted before a line says so.
    public static let window: Duration = .seconds(60)

    private var entries: [AuditedChange: Counted] = [:]
    /// No entry is older: a lower bound.
    private var oldest: ContinuousClock.Instant?

    /// Nothing has changed yet.
    public init() {}

    /// Records a change; returns its line, or `nil` where it is counted.
    public mutating func record(_ change: AuditedChange, at now: ContinuousClock.Instant, _ date: Date) -> Line? {
        var kind = change
        kind.facts = [:]
        var entry = entries[kind] ?? Counted(begin: now)
        oldest = oldest ?? entry.begin
        defer { entries[kind] = entry }
        if !change.isCountedOnly, entry.lines < Self.linesMax {
            entry.lines += 1
            return .change(change)
        }
        if entry.count == 0 { entry.first = date }
        entry.last = date
        entry.count += 1
        return nil
    }

    /// Removes and returns what was counted for a minute. Cost: constant before that, then a look at each entry.
    public mutating func takeDue(at now: ContinuousClock.Instant) -> [Line] {
        guard let oldest, now - oldest >= Self.window else { return [] }
        return take { now - $0.begin >= Self.window }
    }

    /// Removes and returns all that was counted, at the end of the process.
    public mutating func takeAll() -> [Line] { take { _ in true } }

    private mutating func take(_ isOver: (Counted) -> Bool) -> [Line] {
        let over = entries.filter { isOver($0.value) }
        for kind in over.keys { entries[kind] = nil }
        oldest = entries.values.lazy.map(\.begin).min()
        return over.filter { $0.value.count > 0 }
            .sorted { ($0.value.first, $0.key.key, $0.key.what) < ($1.value.first, $1.key.key, $1.key.what) }
            .map { .count($0.key, $0.value.count, first: $0.value.first, last: $0.value.last) }
    }
}
