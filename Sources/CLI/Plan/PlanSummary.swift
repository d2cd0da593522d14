import Foundation
import Planning
import Scoring

/// The summary of a plan: what it expects, compared with the uniform plan and the upper bound.
struct PlanSummary {
    private let priced: PricedPlan
    private var plan: BudgetPlan { priced.plan }

    init(_ plan: PricedPlan) {
        priced = plan
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
        lines += costs
        if let advice = plan.advice { lines.append(text(advice)) }
        if priced.limit == nil, plan.surplus > 0 {
            lines.append("  \(plan.surplus) rollouts are left: every prompt has its largest budget")
        }
        return lines.joined(separator: "\n")
    }

    /// What the budgets are expected to cost.
    private var costs: [String] {
        guard let tokens = priced.tokens else { return [] }
        let number = { (value: Double) in String(format: abs(value) < 100 ? "%.4g" : "%.0f", value) }
        let limit = priced.limit.map { " of \(number($0.total))" } ?? ""
        let share = tokens.all > 0 ? tokens.waste / tokens.all * 100 : 0
        let waste = String(format: "%.1f", share)
        return [
            "  expected tokens    \(number(tokens.all))\(limit), \(number(tokens.waste)) of them (\(waste) %) in groups without "
                + "a gradient"
        ]
    }

    /// What a tenth more would buy.
    private func text(_ advice: BudgetAdvice) -> String {
        let share = plan.utility > 0 ? String(format: " (%+.1f %%)", advice.utility / plan.utility * 100) : ""
        let limit = String(format: advice.total < 100 ? "%.4g" : "%.0f", advice.total)
        let unit = priced.limit == nil ? "--total" : "--total-tokens"
        return "  \(unit) \(limit) would add \(String(format: "%.2f", advice.utility)) to the utility\(share)"
    }

    private var sizes: String {
        let request = plan.request
        if let list = request.groupSizes { return list.sorted().map(String.init).joined(separator: ", ") + " each" }
        let range = "\(request.minimum)…\(request.maximum) each"
        return request.multipleOf > 1 ? "\(range) in multiples of \(request.multipleOf)" : range
    }
}
