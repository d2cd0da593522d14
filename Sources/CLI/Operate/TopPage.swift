import CommandSupport
import Foundation
package import JSON
import Reporting

/// What `statezero top` prints: four answers first, then what they follow from. Made of an answer of `/v1/overview`.
package struct TopPage: CustomStringConvertible {
    private let overview: JSONValue
    private let address: String

    /// Members that are missing are shown as absent.
    package init(_ overview: JSONValue, address: String) {
        self.overview = overview
        self.address = address
    }

    /// The page, without a line break at the end.
    package var description: String {
        let parts = [head, answers, throughput, predictions, jobs, workers, plans, notices]
        return parts.compactMap(\.self).joined(separator: "\n\n")
    }

    private static let jobsMax = 5
    private static let workersMax = 12
    private static let plansMax = 8
    private static let noticesMax = 6

    private var head: String {
        let model = value("coordinator", "model").string ?? "unknown until a worker joins"
        return """
            coordinator \(address), version \(value("version").string ?? TextTable.missing), \
            up \(time(value("coordinator", "uptime_seconds"))), model \(model)
            """
    }

    // MARK: Answers

    private var answers: String {
        [
            ("working", isWorking), ("time left", timeLeft), ("worth it", worth),
            ("wrong", latestNotice),
        ].map { "\($0.0.padding(toLength: 10, withPad: " ", startingAt: 0)) \($0.1)" }.joined(separator: "\n")
    }

    private var isWorking: String {
        let workers = count("workers", "value")
        let waiting = count("queue", "pieces_pending") + count("queue", "pieces_leased")
        let counts = """
            \(counted(workers, "worker")), \(counted(count("workers", "rollout"), "rollout worker")): \
            \(count("workers", "working")) working, \
            \(count("workers", "idle")) idle, \(count("workers", "draining")) draining, \
            \(count("workers", "silent")) silent
            """
        guard workers > 0 else { return (waiting > 0 ? "no, work waits for a worker; " : "not yet; ") + counts }
        return (waiting > 0 ? "yes; " : "yes, idle; ") + counts
    }

    private var timeLeft: String {
        let known = rows("jobs", "shown").filter { ($0["rows_total"]?.double ?? 0) > 0 }
        guard !known.isEmpty else { return "no job with a known end is open" }
        let total = known.reduce(0) { $0 + ($1["rows_total"]?.double ?? 0) }
        let done = known.reduce(0) { $0 + ($1["rows_answered"]?.double ?? 0) }
        let left = known.map { $0["seconds_left"]?.double }
        let longest = left.contains { $0 == nil } ? nil : left.compactMap(\.self).max()
        return "\(longest.map(Self.time) ?? "measuring"); \(Self.bar(done / total)) "
            + "\(Self.percent(done / total)), \(Self.whole(done)) of \(Self.whole(total)) rows"
    }

    /// What plans are expected to gain, over all that have predictions and are used.
    private var worth: String {
        let used = rows("plans", "shown").filter {
            ($0["uniform_utility"]?.double ?? 0) > 0 && $0["uniform_reason"]?.string != "shadow"
                && $0["status"]?.string != "fallback"
        }
        guard !used.isEmpty else { return "no plan with predictions yet" }
        func sum(_ name: String) -> Double { used.reduce(0) { $0 + ($1[name]?.double ?? 0) } }
        let gain = sum("utility") / sum("uniform_utility") - 1
        let total = used.reduce(0) { $0 + ($1["total"]?.double ?? 0) }
        func share(_ name: String) -> Double? {
            total > 0 ? used.reduce(0) { $0 + ($1["total"]?.double ?? 0) * ($1[name]?.double ?? 0) } / total : nil
        }
        let done = rows("plans", "shown").compactMap { $0["done"]?.object }
        let rollouts = done.reduce(0) { $0 + ($1["rollouts"]?.double ?? 0) }
        let silent = done.reduce(0) { $0 + ($1["silent_rollouts"]?.double ?? 0) }
        return """
            \(gain < 0 ? "" : "+")\(Self.percent(gain)) signal expected against even budgets; rollouts without effect: \
            \(Self.percent(share("silent_share"))) expected, \(Self.percent(share("silent_share_even"))) with even \
            budgets, \(rollouts > 0 ? Self.percent(silent / rollouts) : TextTable.missing) seen
            """
    }

    private var latestNotice: String {
        let errors = [
            ("row_errors", "rows with an error"), ("outcomes_rejected", "outcomes rejected"),
            ("rollouts_failed", "rollouts without a reward"), ("messages_refused", "unreadable messages"),
        ].compactMap { name, text in count("errors", name) > 0 ? "\(count("errors", name)) \(text)" : nil }
        let notices = rows("notices").count
        let texts = (notices > 0 ? ["\(counted(notices, "notice")), see below"] : []) + errors
        return texts.isEmpty ? "nothing" : texts.joined(separator: "; ")
    }

    // MARK: Pictures

    private var throughput: String {
        let history = numbers("rates", "history", "rows")
        let now = number(value("rates", "rows"))
        let rollouts = number(value("rates", "rollouts"))
        return "throughput \(now) rows/s, \(rollouts) rollouts/s, \(number(value("rates", "messages"))) messages/s\n"
            + (history.count > 1 ? Self.line(history.suffix(72)) + "  rows/s, now at the right" : "")
    }

    private var predictions: String? {
        let histogram = numbers("predictions", "histogram")
        guard histogram.contains(where: { $0 > 0 }) else { return nil }
        var lines = ["p of \(Self.whole(histogram.reduce(0, +))) predictions  0 \(Self.line(histogram)) 1"]
        for plan in rows("plans", "budgets_by_p") {
            let means = (plan["bins"]?.elements ?? []).map { bin -> Double in
                let parts = (bin.elements ?? []).compactMap(\.double)
                return parts.count > 1 && parts[0] > 0 ? parts[1] / parts[0] : 0
            }
            lines.append(
                "rollouts a prompt by p  0 \(Self.line(means)) 1  \(plan.ofTenant(text(plan["policy_id"]))), "
                    + "step \(text(plan["step"])), at most \(Self.number(means.max()))")
        }
        let cells = rows("predictions", "cells").filter { ($0["groups"]?.double ?? 0) > 0 }
        guard !cells.isEmpty else { return lines.joined(separator: "\n") }
        let rows = cells.map { cell -> [String] in
            let groups = cell["groups"]?.double ?? 1
            return [text(cell["groups"])]
                + ["sum_p", "sum_reward"].map { String(format: "%.2f", (cell[$0]?.double ?? 0) / groups) }
        }
        let table = TextTable(header: ["groups done", "mean p", "mean reward"], rows: rows, leading: 0)
        return lines.joined(separator: "\n") + "\n\n" + table.description
    }

    /// Values as blocks of eight heights.
    package static func line(_ values: some Collection<Double>) -> String {
        let blocks = Array("▁▂▃▄▅▆▇█")
        let most = values.max() ?? 0
        return String(
            values.map { value in
                guard most > 0, value > 0 else { return " " as Character }
                return blocks[min(7, Int(min(value / most, 1) * 8))]
            })
    }

    private static func bar(_ share: Double) -> String {
        let full = Int((share.isFinite ? min(1, max(0, share)) : 0) * 20)
        return String(repeating: "█", count: full) + String(repeating: "░", count: 20 - full)
    }

    // MARK: Tables

    private var jobs: String? {
        table(rows("jobs", "shown").prefix(Self.jobsMax), ["job", "for", "rows", "of", "rows/s", "time left"], 2) {
            row in
            [
                String(text(row["id"]).prefix(8)), text(row["owner"]), text(row["rows_answered"]),
                text(row["rows_total"]),
                number(row["rows_per_second"] ?? .null), time(row["seconds_left"] ?? .null),
            ]
        }
    }

    private var workers: String? {
        table(
            rows("workers", "shown").prefix(Self.workersMax),
            ["worker", "role", "state", "leases", "rows", "last heard"], 3
        ) { row in
            let silent = row["silent_seconds"]?.double ?? 0
            let isDraining = row["is_draining"]?.bool == true
            let state =
                row["is_quarantined"]?.bool == true
                ? "quarantined"
                : isDraining ? "draining" : silent > 2.5 ? "silent" : row["leases"]?.integer == 0 ? "idle" : "working"
            return [
                text(row["name"]), text(row["role"]), state, text(row["leases"]), text(row["rows"]),
                String(format: "%.1f s ago", silent),
            ]
        }
    }

    private var plans: String? {
        table(
            rows("plans", "shown").reversed().prefix(Self.plansMax),
            ["policy", "step", "state", "prompts", "rollouts", "signal", "groups done"], 1
        ) { row in
            let (utility, uniform) = (row["utility"]?.double ?? 0, row["uniform_utility"]?.double ?? 0)
            let gain = uniform > 0 ? "\(utility < uniform ? "" : "+")\(Self.percent(utility / uniform - 1))" : nil
            return [
                row.ofTenant(text(row["policy_id"])), text(row["step"]), row["status"]?.string ?? "open",
                text(row["prompts"]),
                text(row["total"]), gain ?? TextTable.missing,
                text(row["done"]?.member(at: ["groups"]) ?? .number("0")),
            ]
        }
    }

    private var notices: String? {
        let lines = rows("notices").prefix(Self.noticesMax).map { notice in
            "\(time(notice["seconds_ago"] ?? .null)) ago: \(text(notice["text"]))"
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    /// `nil` where there is nothing to show.
    private func table(
        _ rows: some Sequence<JSONObject>, _ header: [String], _ leading: Int, _ cells: (JSONObject) -> [String]
    ) -> String? {
        let rows = rows.map(cells)
        return rows.isEmpty ? nil : TextTable(header: header, rows: rows, leading: leading).description
    }

    // MARK: Members

    private func value(_ path: String...) -> JSONValue { overview.member(at: path) ?? .null }

    private func count(_ path: String...) -> Int { overview.member(at: path)?.integer ?? 0 }

    private func rows(_ path: String...) -> [JSONObject] {
        overview.member(at: path)?.elements?.compactMap(\.object) ?? []
    }

    private func numbers(_ path: String...) -> [Double] {
        overview.member(at: path)?.elements?.compactMap(\.double) ?? []
    }

    private func text(_ value: JSONValue?) -> String {
        value?.string ?? value?.integer.map(String.init) ?? TextTable.missing
    }

    private func number(_ value: JSONValue) -> String { Self.number(value.double) }

    private static func number(_ value: Double?) -> String {
        value.map { String(format: $0 < 100 ? "%.1f" : "%.0f", $0) } ?? TextTable.missing
    }

    private func time(_ value: JSONValue) -> String { value.double.map(Self.time) ?? TextTable.missing }

    private static func time(_ seconds: Double) -> String { ProgressLine.time(min(max(seconds, 0), 1e9)) }

    private static func whole(_ value: Double) -> String { String(format: "%.0f", value) }

    private static func percent(_ share: Double?) -> String {
        share.map { $0.isFinite ? String(format: "%.0f %%", 100 * $0) : TextTable.missing } ?? TextTable.missing
    }
}
