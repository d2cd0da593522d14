import Cluster
import JSON
import Wire

/// Writes an overview as JSON: the answer of `/v1/overview`, and the events of `/v1/events`. Described in
/// `proto/openapi.yaml`.
struct OverviewJSON {
    let version: String
    let report: CoordinatorReport
    let overview: ClusterOverview
    let history: RateHistory
    /// Rows per second of the overview's jobs.
    let jobRates: [Double?]

    /// One line without its end.
    var bytes: [UInt8] {
        JSONWriter.object { json in
            json.member("version", version)
            json.object("coordinator") { writeCoordinator(&$0) }
            json.object("rates") { writeRates(&$0) }
            json.object("workers") { writeWorkers(&$0) }
            json.object("jobs") { writeJobs(&$0) }
            json.object("queue") { writeQueue(&$0) }
            json.object("plans") { writePlans(&$0) }
            json.object("predictions") { writePredictions(&$0) }
            json.object("errors") { writeErrors(&$0) }
            json.array("notices", overview.notices.reversed()) { json, notice in
                json.object { write(notice, to: &$0) }
            }
        }
    }

    private func writeCoordinator(_ json: inout JSONWriter) {
        json.member("generation", Int(clamping: report.generation))
        json.member("uptime_seconds", report.uptimeSeconds)
        json.member("model", report.model.isEmpty ? nil : report.model)
        json.member("longest_turn_seconds", report.turns.maxSeconds)
        let turns = report.turns.counts.reduce(0, +)
        json.member("mean_turn_seconds", turns > 0 ? report.turns.sumSeconds / Double(turns) : 0)
    }

    private func writeRates(_ json: inout JSONWriter) {
        let now = history.now
        json.member("rows", Self.short(now.rows))
        json.member("rollouts", Self.short(now.rollouts))
        json.member("messages", Self.short(now.messages))
        json.object("history") { json in
            json.member("step_seconds", RateHistory.stepSeconds)
            json.member("rows", history.steps.map { Self.short($0.rows) })
            json.member("rollouts", history.steps.map { Self.short($0.rollouts) })
        }
    }

    private func writeWorkers(_ json: inout JSONWriter) {
        json.member("value", report.workers)
        json.member("rollout", report.rolloutWorkers)
        json.member("idle", overview.states.idle)
        json.member("working", overview.states.working)
        json.member("draining", overview.states.draining)
        json.member("silent", overview.states.silent)
        json.member("leases", overview.states.leases)
        json.array("shown", overview.workers) { json, worker in
            json.object { json in
                json.member("name", worker.name)
                json.member("role", worker.role)
                if let tenant = worker.tenant { json.member("tenant", tenant) }
                json.member("silent_seconds", Self.short(worker.silentSeconds))
                json.member("is_draining", worker.isDraining)
                if worker.isQuarantined == true { json.member("is_quarantined", true) }
                json.member("leases", worker.leases)
                json.member("rows", worker.rows)
                json.member("expires_seconds", worker.expiresSeconds.map(Self.short))
            }
        }
    }

    private func writeJobs(_ json: inout JSONWriter) {
        json.member("open", report.jobs)
        json.array("shown", Array(zip(overview.jobs, jobRates))) { json, entry in
            let (job, rate) = entry
            json.object { json in
                json.member("id", job.id)
                json.member("owner", job.owner)
                if let tenant = job.tenant { json.member("tenant", tenant) }
                json.member("pending", job.pending)
                json.member("leased", job.leased)
                json.member("rows", job.rows)
                json.member("rows_answered", job.rowsAnswered)
                json.member("rows_total", job.rowsTotal)
                json.member("rows_per_second", rate.map(Self.short))
                if let total = job.rowsTotal, let done = job.rowsAnswered, let rate, rate > 0 {
                    json.member("seconds_left", Self.short(Double(max(0, total - done)) / rate))
                }
            }
        }
    }

    private func writeQueue(_ json: inout JSONWriter) {
        json.member("pieces_pending", report.shardsPending)
        json.member("pieces_leased", report.shardsLeased)
        json.member("assignments_pending", report.assignmentsPending)
        json.member("assignments_leased", report.assignmentsLeased)
    }

    private func writePlans(_ json: inout JSONWriter) {
        json.member("open", report.plansOpen)
        json.member("kept", report.plansKept)
        json.member("ok", report.plansOK)
        json.member("degraded", report.plansDegraded)
        json.member("fallback", report.plansFallback)
        json.member("refused", report.plansRefused)
        json.member("budgets", report.budgets)
        json.member("rollouts", report.budgetRollouts)
        json.member("rollouts_drawn", report.rolloutsDrawn)
        json.member("policies", report.policies)
        json.member("outcomes_kept", report.historyOutcomes)
        json.array("shown", overview.predictions.plans) { json, plan in
            json.object { write(plan, to: &$0) }
        }
        json.array("budgets_by_p", newestPictures) { json, plan in
            json.object { json in
                json.member("policy_id", plan.name.policyID)
                if let tenant = plan.tenant { json.member("tenant", tenant) }
                json.member("step", plan.name.step)
                json.array("bins", plan.picture?.bins ?? []) { Self.write($1, to: &$0) }
                json.array("unpredicted", plan.picture.map { [$0.unpredicted] } ?? []) { Self.write($1, to: &$0) }
            }
        }
    }

    /// The newest plan with budgets of each policy, newest first, of at most `picturesMax` policies.
    private var newestPictures: [PlanTally] {
        var policies: Set<[String?]> = []
        let newest = overview.predictions.plans.reversed().filter {
            $0.picture != nil && policies.insert([$0.tenant, $0.name.policyID]).inserted
        }
        return Array(newest.prefix(Self.picturesMax))
    }

    private static let picturesMax = 8

    private static func write(_ bin: BudgetPicture.Bin, to json: inout JSONWriter) {
        json.raw("[\(bin.prompts),\(bin.rollouts),\(bin.least),\(bin.most)]")
    }

    private func write(_ plan: PlanTally, to json: inout JSONWriter) {
        json.member("policy_id", plan.name.policyID)
        if let tenant = plan.tenant { json.member("tenant", tenant) }
        json.member("step", plan.name.step)
        json.member("prompts", plan.prompts)
        json.member("status", plan.end?.status.rawValue)
        json.member("uniform_reason", plan.end.flatMap { $0.uniformReason.isEmpty ? nil : $0.uniformReason })
        json.member("total", plan.end?.total)
        json.member("utility", plan.end.map { Self.short($0.utility) })
        json.member("uniform_utility", plan.end.map { Self.short($0.uniformUtility) })
        json.member("context_rows", plan.end?.contextRows)
        json.member("silent_share", plan.picture?.silentShare.map(Self.short))
        json.member("silent_share_even", plan.picture?.silentShareEven.map(Self.short))
        let groups = plan.groups
        guard groups.groups > 0 || groups.failed > 0 else { return }
        json.object("done") { json in
            json.member("groups", groups.groups)
            json.member("rollouts", groups.rollouts)
            json.member("failed", groups.failed)
            json.member("silent_groups", groups.silentGroups)
            json.member("silent_rollouts", groups.silentRollouts)
            json.member("predicted", groups.predicted)
            json.member("sum_p", Self.short(groups.sumP))
            json.member("sum_reward", Self.short(groups.sumReward))
            json.member("sum_squares", Self.short(groups.sumSquares))
            json.member("silent_expected", Self.short(groups.silentExpected))
            json.member("silent_predicted", groups.silentPredicted)
        }
    }

    private func writePredictions(_ json: inout JSONWriter) {
        json.array("histogram", overview.predictions.histogram) { $0.number($1) }
        json.array("cells", overview.predictions.cells) { json, cell in
            json.object { json in
                json.member("groups", cell.groups)
                json.member("sum_p", Self.short(cell.sumP))
                json.member("sum_reward", Self.short(cell.sumReward))
            }
        }
    }

    private func writeErrors(_ json: inout JSONWriter) {
        json.member("rows_answered", report.rowsAnswered)
        json.member("row_errors", report.rowErrors)
        json.member("messages_refused", report.messagesRefused)
        json.member("messages_unroutable", report.messagesUnroutable)
        json.member("outcomes_recorded", report.outcomesRecorded)
        json.member("outcomes_repeated", report.outcomesRepeated)
        json.member("outcomes_rejected", report.outcomesRejected)
        json.member("rollouts_recorded", report.rolloutsRecorded)
        json.member("rollouts_failed", report.rolloutsFailed)
        json.member("assignments_lost", report.assignmentsLost)
    }

    private func write(_ notice: Notice, to json: inout JSONWriter) {
        json.member("text", notice.text)
        json.member("is_error", notice.isError)
        json.member("count", notice.count)
        json.member("seconds_ago", Self.short(max(0, (overview.now - notice.last) / .seconds(1))))
    }

    /// Four decimals: what a picture can show.
    private static func short(_ value: Double) -> Double {
        value.isFinite ? (value * 10_000).rounded() / 10_000 : 0
    }
}
