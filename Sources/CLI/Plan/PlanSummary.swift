import Foundation
import Planning
import Scoring

/// The summary of a plan: what it expects, compared with the uniform plan and the upper bound.
struct PlanSummary {
    private let plan: BudgetPlan

    init(_ plan: BudgetPlan) {
        self.plan = plan
    }

    var text: String {
        let number = { (value: Double) in String(format: "%.2f", value) }
        let gain = plan.expectedGain.map { String(format: "%+.1f %%", $0 * 100) } ?? "no gain"
        var lines = [
            "plan \(plan.id): \(plan.total) rollouts over \(plan.budgets.count) prompts, \(sizes),"
                + " \(plan.request.objective.rawValue) by \(plan.request.solver.rawValue)",
            "  expected utility   \(number(plan.utility))  (\(gain) over uniform)",
            "  uniform plan       \(number(plan.uniformUtility))",
            "  upper bound        \(number(plan.upperBound))  (gap \(String(format: "%.4f", plan.gap)))",
            "  groups without a gradient, expected: \(number(plan.zeroGroups)) of \(plan.budgets.count)",
        ]
        if let reason = plan.uniformReason { lines.append("  this is the uniform plan: \(reason.rawValue)") }
        let explored = plan.summary.explored
        if explored > 0 { lines.append("  \(explored) prompts are explored although their p is near 0 or 1") }
        if plan.surplus > 0 { lines.append("  \(plan.surplus) rollouts are left: every prompt has its largest budget") }
        return lines.joined(separator: "\n")
    }

    private var sizes: String {
        let request = plan.request
        if let list = request.groupSizes { return list.sorted().map(String.init).joined(separator: ", ") + " each" }
        let range = "\(request.minimum)…\(request.maximum) each"
        return request.multipleOf > 1 ? "\(range) in multiples of \(request.multipleOf)" : range
    }
}
