internal import Planning
internal import Scoring

/// The envelope solver compared with the paper's greedy solver where success rates are known: the value of the solver
/// alone.
///
/// Both plan from the same rates and are measured by them, so there is neither prediction nor chance.
public struct KnownRates: Hashable, Codable, Sendable {
    /// Name of the source of the rates.
    public let source: String
    /// Prompts planned for, over all steps.
    public let prompts: Int
    /// Rollouts of each plan.
    public let rollouts: Int
    /// Smallest and largest budget.
    public let minimum, maximum: Int
    /// Utility of equal budgets, of the paper's greedy solver and of the envelope solver, by expected contrast.
    public let uniform, greedy, envelope: Double

    /// envelope/greedy − 1; `nil` where greedy has no value.
    public var advantage: Double? { greedy > 0 ? envelope / greedy - 1 : nil }

    enum CodingKeys: String, CodingKey {
        case source, prompts, rollouts
        case minimum = "n_min"
        case maximum = "n_max"
        case uniform, greedy, envelope
    }

    /// The paper's range and 16 rollouts per prompt.
    private static let range = 2...128
    private static let mean = 16

    /// Plans steps of prompts with these rates. Throws the errors of planning.
    init(source: String, steps: [[Double]]) throws(PlanningError) {
        let objective = BudgetObjective.expectedContrast
        var (prompts, utilities) = (0, [0.0, 0.0, 0.0])
        for rates in steps {
            let request = BudgetRequest(
                total: Self.mean * rates.count, minimum: Self.range.lowerBound, maximum: Self.range.upperBound,
                objective: objective)
            let step = try rates.enumerated().map { (index, rate) throws(PlanningError) in
                let id = "p\(index)"
                return ReplayPrompt(
                    promptID: id, belief: try Belief(mean: rate, promptID: id), source: .record, truth: .rate(rate))
            }
            prompts += rates.count
            for (place, policy) in [AllocationStrategy.uniform, .greedy, .ours].enumerated() {
                for (n, rate) in zip(try Replay(request: request).budgets(policy, step), rates) {
                    utilities[place] += objective.value(of: n, at: rate)
                }
            }
        }
        self.source = source
        self.prompts = prompts
        rollouts = Self.mean * prompts
        (minimum, maximum) = (Self.range.lowerBound, Self.range.upperBound)
        (uniform, greedy, envelope) = (utilities[0], utilities[1], utilities[2])
    }

    /// Generated rates, for which the solver's problem is known exactly: 50 steps of 64 prompts each.
    static func generated() throws(ReplayError) -> [KnownRates] {
        let mixture = [0.02, 0.5, 0.95]
        let kinds: [(String, (Double) -> Double)] = [
            ("made up: even on (0, 1)", { $0 }), ("made up: hard, Beta(0.5, 1)", { $0 * $0 }),
            ("made up: 0.02, 0.5 or 0.95", { mixture[Int($0 * 3)] }),
        ]
        var generator = SeededGenerator(seed: 1)
        var rates: [KnownRates] = []
        for (name, rate) in kinds {
            let steps = (0..<50).map { _ in (0..<64).map { _ in rate(generator.unit()) } }
            do {
                rates.append(try KnownRates(source: name, steps: steps))
            } catch {
                throw .planning(source: name, error)
            }
        }
        return rates
    }
}
