import Cluster
import CoreMetrics
import HTTPServing
import Hummingbird
import MetricsExport

/// What `GET /metrics` exports. Names, labels and help lines are an interface; a snapshot test holds them.
///
/// HTTP's own requests are counted as they happen, through swift-metrics. Everything else is read from one report of
/// the coordinator when the export is written: its levels and totals are kept by the coordinator, not here.
struct CoordinatorMetrics: Sendable {
    /// The program's version.
    let version: String
    private let spans: SpanMetrics
    private let exporter: PrometheusExporter

    /// Upper bounds in seconds: a plan within 0.5 does not slow a trainer, a request for groups may wait 30.
    private static let http = RequestMetricNames(
        prefix: "statezero_http",
        bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30])

    init(version: String, spans: SpanMetrics) {
        self.version = version
        self.spans = spans
        exporter = PrometheusExporter(
            Self.families + Self.http.families + Self.laterFamilies + spans.families)
    }

    /// Counts HTTP's requests.
    func middleware<Context: RequestContext>() -> RequestMetricsMiddleware<Context> {
        RequestMetricsMiddleware(Self.http, exporter)
    }

    /// Counts a failure, if it is one of a token.
    func refused(_ code: String) {
        guard BearerToken.codes.contains(code) else { return }
        Counter(label: Self.tokensRefused, dimensions: [("reason", code)], factory: exporter).increment()
    }

    private static let tokensRefused = "statezero_http_tokens_refused_total"

    /// The export, with what a report says. A tenant's has the figures of its report alone, and not those of the requests of
    /// all.
    func text(_ report: CoordinatorReport, of scope: Scope = .all) -> String {
        guard scope == .all else {
            return PrometheusExporter(Self.families + Self.laterFamilies).text { samples in
                addLevels(of: report, to: &samples)
                addTotals(of: report, to: &samples)
                addLater(of: report, to: &samples)
            }
        }
        return exporter.text { samples in
            addLevels(of: report, to: &samples)
            addTotals(of: report, to: &samples)
            addLater(of: report, to: &samples)
            spans.add(to: &samples)
        }
    }

    private static let families = [
        MetricFamily(.gauge, "statezero_build_info", "Always 1; labels say what runs."),
        MetricFamily(.gauge, "statezero_coordinator_generation", "Generation of the coordinator, from 1."),
        MetricFamily(.gauge, "statezero_uptime_seconds", "Seconds since the coordinator started.", numbers: .decimal),
        MetricFamily(.gauge, "statezero_workers", "Live workers."),
        MetricFamily(.gauge, "statezero_jobs", "Open jobs, those of plans among them."),
        MetricFamily(.gauge, "statezero_shards", "Pieces of shards."),
        MetricFamily(.gauge, "statezero_assignments", "Prompts for rollout workers."),
        MetricFamily(
            .gauge, "statezero_plans", "Plans whose budgets have not all left, and plans that are kept."),
        MetricFamily(.gauge, "statezero_policies", "Policies with a history."),
        MetricFamily(.gauge, "statezero_history_outcomes", "Outcomes in all histories."),
        MetricFamily(
            .gauge, "statezero_connection_bytes",
            "Bytes that were received and not read, or sent and not acknowledged."),
        MetricFamily(.counter, "statezero_messages_total", "Messages."),
        MetricFamily(.counter, "statezero_messages_refused_total", "Messages that were unreadable."),
        MetricFamily(.counter, "statezero_connections_cut_total", "Connections that were over a bound of memory."),
        MetricFamily(.counter, "statezero_messages_unroutable_total", "Messages whose peer was not there."),
        MetricFamily(.counter, "statezero_rows_total", "Rows answered by workers."),
        MetricFamily(.counter, "statezero_plans_total", "Plans by how they ended."),
        MetricFamily(.counter, "statezero_plan_budgets_total", "Budgets that have left."),
        MetricFamily(.counter, "statezero_plan_rollouts_total", "Rollouts of budgets that have left."),
        MetricFamily(.counter, "statezero_outcomes_total", "Outcomes reported."),
        MetricFamily(.counter, "statezero_rollouts_total", "Rollouts reported."),
        MetricFamily(
            .counter, "statezero_rollouts_drawn_total", "Rollouts that look-ahead asked for beyond the plan."),
        MetricFamily(
            .counter, "statezero_assignments_lost_total",
            "Assignments that went to another rollout worker because the first one died or was stuck."),
    ]

    /// What later versions have added, behind all that version 0.1.0 had.
    private static let laterFamilies = [
        MetricFamily(
            histogram: "statezero_coordinator_turn_seconds",
            "How long a turn of the coordinator's thread lasted: from arrival until it waits again.",
            bounds: DurationHistogram.bounds),
        MetricFamily(
            histogram: "statezero_journal_commit_seconds", "How long a commit of the journal lasted.",
            bounds: DurationHistogram.bounds),
        MetricFamily(.gauge, "statezero_held_bytes", "Bytes held in memory, about."),
        MetricFamily(.counter, "statezero_evictions_total", "What was forgotten to stay within the bounds."),
        MetricFamily(
            .counter, "statezero_pieces_verified_total", "Pieces drawn to be computed again, by what came of it."),
        MetricFamily(
            .gauge, "statezero_workers_quarantined", "Workers that get no work because others contradict them."),
        MetricFamily(.counter, tokensRefused, "Requests without a token that permits them."),
    ]

    private func addLater(of report: CoordinatorReport, to samples: inout CollectedSamples) {
        samples.add(
            histogram: "statezero_coordinator_turn_seconds", counts: report.turns.counts, sum: report.turns.sumSeconds)
        samples.add(
            histogram: "statezero_journal_commit_seconds", counts: report.commits.counts,
            sum: report.commits.sumSeconds)
        samples.add(
            "statezero_held_bytes", by: "what",
            [
                "histories": report.historyBytes, "texts": report.textBytes, "plans": report.planBytes,
                "preparing": report.workBytes,
            ])
        samples.add(
            "statezero_evictions_total", by: "what",
            [
                "policies": report.policiesEvicted, "plans": report.plansEvicted, "texts": report.textsEvicted,
                "outcomes": report.outcomesEvicted,
            ])
        samples.add(
            "statezero_pieces_verified_total", by: "result",
            [
                "agreed": report.piecesVerified, "disagreed": report.disagreements,
                "undecided": report.disagreementsUndecided, "no_other_worker": report.piecesUnverified,
            ])
        samples.add("statezero_workers_quarantined", report.workersQuarantined)
    }

    private func addLevels(of report: CoordinatorReport, to samples: inout CollectedSamples) {
        samples.add(
            "statezero_build_info", 1,
            ["version": version, "model": report.model, "fingerprint": report.fingerprint])
        samples.add("statezero_coordinator_generation", Double(report.generation))
        samples.add("statezero_uptime_seconds", report.uptimeSeconds)
        samples.add("statezero_workers", by: "role", ["value": report.workers, "rollout": report.rolloutWorkers])
        samples.add("statezero_jobs", report.jobs)
        samples.add(
            "statezero_shards", by: "state", ["pending": report.shardsPending, "leased": report.shardsLeased])
        samples.add(
            "statezero_assignments", by: "state",
            ["pending": report.assignmentsPending, "leased": report.assignmentsLeased])
        samples.add("statezero_plans", by: "state", ["open": report.plansOpen, "kept": report.plansKept])
        samples.add("statezero_policies", report.policies)
        samples.add("statezero_history_outcomes", report.historyOutcomes)
        samples.add(
            "statezero_connection_bytes", by: "direction",
            ["received": report.unreadBytes, "sent": report.unsentBytes])
    }

    private func addTotals(of report: CoordinatorReport, to samples: inout CollectedSamples) {
        samples.add(
            "statezero_messages_total", by: "direction",
            ["received": report.messagesReceived, "sent": report.messagesSent])
        samples.add("statezero_messages_refused_total", report.messagesRefused)
        samples.add("statezero_connections_cut_total", report.connectionsCut)
        samples.add("statezero_messages_unroutable_total", report.messagesUnroutable)
        samples.add(
            "statezero_rows_total", by: "status",
            ["ok": report.rowsAnswered - report.rowErrors, "error": report.rowErrors])
        samples.add(
            "statezero_plans_total", by: "status",
            [
                "ok": report.plansOK, "degraded": report.plansDegraded, "fallback": report.plansFallback,
                "refused": report.plansRefused,
            ])
        samples.add("statezero_plan_budgets_total", report.budgets)
        samples.add("statezero_plan_rollouts_total", report.budgetRollouts)
        samples.add(
            "statezero_outcomes_total", by: "result",
            [
                "recorded": report.outcomesRecorded, "repeated": report.outcomesRepeated,
                "rejected": report.outcomesRejected,
            ])
        samples.add(
            "statezero_rollouts_total", by: "result",
            ["recorded": report.rolloutsRecorded, "failed": report.rolloutsFailed])
        samples.add("statezero_rollouts_drawn_total", report.rolloutsDrawn)
        samples.add("statezero_assignments_lost_total", report.assignmentsLost)
    }
}
