import CommandSupport
import Foundation
package import JSON
import Reporting

/// What `statezero status` prints: levels of the coordinator, then its workers, jobs and plans as tables.
package struct StatusPage: CustomStringConvertible {
    private let status: JSONValue
    private let cluster: JSONValue
    private let address: String

    /// From the answers of `/v1/status` and `/v1/cluster`. Members that are missing are shown as absent.
    package init(_ status: JSONValue, _ cluster: JSONValue, address: String) {
        self.status = status
        self.cluster = cluster
        self.address = address
    }

    /// The page, without a line break at the end.
    package var description: String {
        ([head, levels] + tables).joined(separator: "\n")
    }

    private var head: String {
        let model = level("model").string ?? ""
        let uptime = level("uptime_seconds").double.map { ProgressLine.time($0) } ?? TextTable.missing
        return """
            coordinator \(address), version \(status.member(at: ["version"])?.string ?? TextTable.missing), \
            generation \(text(level("generation"))), up \(uptime)
            model \(model.isEmpty ? "none yet: no worker has joined" : model)
            """
    }

    private var levels: String {
        func pair(_ name: String, _ pending: String, _ leased: String) -> String {
            "\(name) \(text(level(pending))) waiting, \(text(level(leased))) leased"
        }
        let counts = [
            ("workers", "workers"), ("rollout workers", "rollout_workers"), ("jobs", "jobs"),
            ("plans", "plans_kept"), ("open plans", "plans_open"), ("policies", "policies"),
            ("outcomes", "history_outcomes"),
        ].map { "\($0.0) \(text(level($0.1)))" }
        return counts.joined(separator: " · ") + "\n"
            + [
                pair("pieces", "shards_pending", "shards_leased"),
                pair("assignments", "assignments_pending", "assignments_leased"),
            ].joined(separator: " · ")
    }

    private var tables: [String] {
        [
            table("workers", ["worker", "role", "state", "leases", "rows", "lease ends", "silent"], leading: 3) { row in
                [
                    row.ofTenant(text(row["name"])), text(row["role"]), Self.state(row),
                    text(row["leases"]), text(row["rows"]), seconds(row["expires_seconds"]),
                    seconds(row["silent_seconds"]),
                ]
            },
            table("jobs", ["job", "client", "waiting", "leased", "unconfirmed", "rows", "shards done"], leading: 2) {
                row in
                [row.ofTenant(text(row["id"]))]
                    + ["owner", "pending", "leased", "unconfirmed", "rows", "confirmed_shards"].map { text(row[$0]) }
            },
            table("plans", ["policy", "step", "state", "prompts", "predicted", "budgets", "groups"], leading: 1) {
                row in
                [
                    row.ofTenant(text(row["policy_id"])), text(row["step"]),
                    row["has_ended"]?.bool == true ? "planned" : "open",
                    text(row["prompts"]), text(row["predicted"]), text(row["budgets"]), text(row["groups_done"]),
                ]
            },
        ].compactMap(\.self)
    }

    private static func state(_ worker: JSONObject) -> String {
        if worker["is_quarantined"]?.bool == true { return "quarantined" }
        return worker["is_draining"]?.bool == true ? "draining" : "live"
    }

    /// `nil` where there is nothing to show.
    private func table(
        _ member: String, _ header: [String], leading: Int, _ cells: (JSONObject) -> [String]
    ) -> String? {
        let rows = cluster.member(at: [member])?.elements?.compactMap(\.object) ?? []
        guard !rows.isEmpty else { return nil }
        let omitted = cluster.member(at: ["\(member)_omitted"])?.integer ?? 0
        return "\n" + TextTable(header: header, rows: rows.map(cells), leading: leading).description
            + (omitted > 0 ? "\nand \(omitted) more \(member)" : "")
    }

    private func level(_ name: String) -> JSONValue { status.member(at: ["coordinator", name]) ?? .null }

    private func text(_ value: JSONValue?) -> String {
        value?.string ?? value?.integer.map(String.init) ?? TextTable.missing
    }

    private func seconds(_ value: JSONValue?) -> String {
        value?.double.map { String(format: "%.1f s", $0) } ?? TextTable.missing
    }
}
