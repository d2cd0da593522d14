/// What a plan gains over equal budgets if its predictions are not fully trusted.
///
/// A plan always expects a gain from its own beliefs. On a kind of prompt that the model does not know, the beliefs may rank
/// nothing, and the plan then realises less than equal budgets. So with a weight `doubt` the beliefs are exchanged at random
/// among the prompts of the step: a prompt's expected value is then the mean over all beliefs. Beliefs that rest on the
/// prompt's own outcomes are not exchanged.
struct DoubtedGain {
    private let problem: AllocationProblem
    /// Ranks whose beliefs are exchanged.
    private let exchanged: [Int]
    /// By rank: the equal budgets.
    private let even: [Int]

    /// Weight of the case in which beliefs say nothing of their own prompts: even odds. `scripts/train/doubt.py` measures what
    /// plans realise. With this weight none is refused under `expectedContrast`, where all gain, and nearly all under
    /// `mixedGroupProbability`, where none does.
    static let doubt = 0.5
    /// About the rounding error of long sums, as a share.
    static let rounding = 1e-9
    /// Most prompts whose curves are averaged; of more, as many at equal distances in rank.
    static let samplesMax = 4096

    /// `rows` are the candidates' indices by rank; `even` are the equal budgets, by default the problem's.
    init(_ problem: AllocationProblem, _ candidates: [BudgetCandidate], rows: [Int], even: [Int]? = nil) {
        self.problem = problem
        self.even = even ?? problem.uniformBudgets
        exchanged = rows.indices.filter { candidates[rows[$0]].source == .model }
    }

    /// Whether budgets are worth more than equal ones, by more than a share `least` under the beliefs as they are, and at all
    /// under doubt.
    func isPositive(_ budgets: [Int], utility: Double, uniform: Double, least: Double) -> Bool {
        utility > uniform * (1 + least)
            && gain(of: budgets, believed: utility - uniform) > uniform * Self.rounding
    }

    /// Expected gain of budgets over the equal ones, given their gain under the beliefs as they are.
    ///
    /// Cost: curves of at most `samplesMax` prompts up to the largest budget.
    func gain(of budgets: [Int], believed: Double) -> Double {
        guard exchanged.count > 1 else { return believed }
        let mean = meanCurve(upTo: max(budgets.max() ?? 0, even.max() ?? 0))
        // Of budgets with beliefs of their own, the gain is the same with and without exchange.
        var own = budgets
        var among = 0.0
        for rank in exchanged {
            among += mean[budgets[rank]] - mean[even[rank]]
            own[rank] = even[rank]
        }
        let others =
            exchanged.count == budgets.count
            ? 0 : problem.utility(of: own) - problem.utility(of: even)
        return (1 - Self.doubt) * believed + Self.doubt * (among + others)
    }

    private func meanCurve(upTo budgetMax: Int) -> [Double] {
        let step = max(1, (exchanged.count + Self.samplesMax - 1) / Self.samplesMax)
        let sampled = stride(from: 0, to: exchanged.count, by: step).map { problem.beliefs[exchanged[$0]] }
        var block = UtilityBlock(objective: problem.objective, budgetMax: budgetMax)
        var sums = [Double](repeating: 0, count: budgetMax + 1)
        for start in stride(from: 0, to: sampled.count, by: UtilityBlock.width) {
            let chosen = sampled[start..<min(start + UtilityBlock.width, sampled.count)]
            block.fill(chosen, upTo: budgetMax)
            for budget in 0...budgetMax {
                for lane in 0..<chosen.count { sums[budget] += block.values[budget][lane] }
            }
        }
        return sums.map { $0 / Double(sampled.count) }
    }
}
