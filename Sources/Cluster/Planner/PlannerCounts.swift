import OrderedCollections

/// What the planner counts since its start, for `/metrics`. Levels are read from its state.
public struct PlannerCounts: Hashable, Sendable {
    var plansOK = 0
    var plansDegraded = 0
    var plansFallback = 0
    var plansRefused = 0
    var budgets = 0
    var budgetRollouts = 0
    var outcomesRecorded = 0
    var outcomesRepeated = 0
    var outcomesRejected = 0
    var rolloutsRecorded = 0
    var rolloutsFailed = 0
    var rolloutsDrawn = 0
    var assignmentsLost = 0
    var policiesEvicted = 0
    var plansEvicted = 0
    var textsEvicted = 0
    var outcomesEvicted = 0
}

extension PlannerState {
    /// Adds the planner's levels and counts to a report.
    public func fill(_ report: inout CoordinatorReport) {
        report.rolloutWorkers += rollouts.count
        report.assignmentsLeased += rollouts.levels.leases
        report.assignmentsPending += queue.count - staleKeys
        report.plansOpen += sessions.sums.underWay
        report.plansKept += sessions.count
        report.policies += histories.count
        report.historyOutcomes += histories.sums.outcomes
        report.historyBytes += histories.sums.bytes
        report.textBytes += histories.sums.textBytes
        report.planBytes += sessions.sums.bytes
        report.workBytes += workBytes
        report.policiesEvicted += counts.policiesEvicted
        report.plansEvicted += counts.plansEvicted
        report.textsEvicted += counts.textsEvicted
        report.outcomesEvicted += counts.outcomesEvicted
        report.plansOK += counts.plansOK
        report.plansDegraded += counts.plansDegraded
        report.plansFallback += counts.plansFallback
        report.plansRefused += counts.plansRefused
        report.budgets += counts.budgets
        report.budgetRollouts += counts.budgetRollouts
        report.outcomesRecorded += counts.outcomesRecorded
        report.outcomesRepeated += counts.outcomesRepeated
        report.outcomesRejected += counts.outcomesRejected
        report.rolloutsRecorded += counts.rolloutsRecorded
        report.rolloutsFailed += counts.rolloutsFailed
        report.rolloutsDrawn += counts.rolloutsDrawn
        report.assignmentsLost += counts.assignmentsLost
    }
}
