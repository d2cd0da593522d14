import Cluster

/// Prometheus' text format, version 0.0.4. Names and labels are an interface: a change breaks alerts in silence.
struct MetricsText {
    private(set) var text = ""

    /// A metric's kind.
    enum Kind: String {
        case counter, gauge, histogram
    }

    /// Begins a metric; its samples follow.
    mutating func metric(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// A sample.
    mutating func sample(
        _ name: String, _ labels: KeyValuePairs<String, String> = [:], is value: some CustomStringConvertible
    ) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " \(value)\n"
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }

    /// A metric of one sample without labels.
    private mutating func single(_ name: String, _ kind: Kind, _ value: some CustomStringConvertible, _ help: String) {
        metric(name, kind, help)
        sample(name, is: value)
    }

    /// A metric that one label parts.
    private mutating func parted(
        _ name: String, _ kind: Kind, by label: String, _ values: KeyValuePairs<String, Int>, _ help: String
    ) {
        metric(name, kind, help)
        for value in values { sample(name, [label: value.key], is: value.value) }
    }

    /// The coordinator's report.
    mutating func add(_ report: CoordinatorReport, version: String) {
        metric("statezero_build_info", .gauge, "Always 1; labels say what runs.")
        sample(
            "statezero_build_info", ["version": version, "model": report.model, "fingerprint": report.fingerprint],
            is: 1)
        single(
            "statezero_coordinator_generation", .gauge, report.generation, "This life of the coordinator, from 1.")
        single("statezero_uptime_seconds", .gauge, report.uptimeSeconds, "Seconds since this life began.")
        parted(
            "statezero_workers", .gauge, by: "role",
            ["value": report.workers, "rollout": report.rolloutWorkers], "Live workers.")
        single("statezero_jobs", .gauge, report.jobs, "Open jobs, those of plans among them.")
        parted(
            "statezero_shards", .gauge, by: "state",
            ["pending": report.shardsPending, "leased": report.shardsLeased], "Pieces of shards.")
        parted(
            "statezero_assignments", .gauge, by: "state",
            ["pending": report.assignmentsPending, "leased": report.assignmentsLeased],
            "Prompts for rollout workers.")
        parted(
            "statezero_plans", .gauge, by: "state",
            ["open": report.plansOpen, "kept": report.plansKept],
            "Plans whose budgets have not all left, and plans that are kept.")
        single("statezero_policies", .gauge, report.policies, "Policies with a history.")
        single("statezero_history_outcomes", .gauge, report.historyOutcomes, "Outcomes in all histories.")
        addCounts(report)
    }

    private mutating func addCounts(_ report: CoordinatorReport) {
        parted(
            "statezero_messages_total", .counter, by: "direction",
            ["received": report.messagesReceived, "sent": report.messagesSent], "Messages.")
        single("statezero_messages_refused_total", .counter, report.messagesRefused, "Messages that were unreadable.")
        single(
            "statezero_messages_unroutable_total", .counter, report.messagesUnroutable,
            "Messages whose peer was not there.")
        parted(
            "statezero_rows_total", .counter, by: "status",
            ["ok": report.rowsAnswered - report.rowErrors, "error": report.rowErrors], "Rows answered by workers.")
        parted(
            "statezero_plans_total", .counter, by: "status",
            [
                "ok": report.plansOK, "degraded": report.plansDegraded, "fallback": report.plansFallback,
                "refused": report.plansRefused,
            ], "Plans by how they ended.")
        single("statezero_plan_budgets_total", .counter, report.budgets, "Budgets that have left.")
        single("statezero_plan_rollouts_total", .counter, report.budgetRollouts, "Rollouts of budgets that have left.")
        parted(
            "statezero_outcomes_total", .counter, by: "result",
            [
                "recorded": report.outcomesRecorded, "repeated": report.outcomesRepeated,
                "rejected": report.outcomesRejected,
            ], "Outcomes told.")
        parted(
            "statezero_rollouts_total", .counter, by: "result",
            ["recorded": report.rolloutsRecorded, "failed": report.rolloutsFailed], "Rollouts told.")
        single(
            "statezero_rollouts_drawn_total", .counter, report.rolloutsDrawn,
            "Rollouts that look-ahead asked for beyond the plan.")
        single(
            "statezero_assignments_lost_total", .counter, report.assignmentsLost,
            "Assignments that went to another rollout worker because the first one died or was stuck.")
    }
}
