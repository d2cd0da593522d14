import ArgumentParser
import CommandSupport
import Planning
import Scoring

/// The limits of a prompt's budget.
struct BudgetOptions: ParsableArguments {
    @Option(range: .atLeast(0), help: "Smallest budget of a prompt, in rollouts.")
    var min = 2

    @Option(range: .atLeast(1), help: "Largest budget of a prompt, in rollouts.")
    var max = 128

    @Option(range: .atLeast(1), help: "Every budget and the total are multiples of this.")
    var multipleOf = 1

    @Option(
        help: "The only allowed budgets, such as 4,8,16; 0 skips a prompt.", transform: GroupSizeList.init(argument:))
    var groupSizes: GroupSizeList?

    @Flag(help: "Hand out less than --total where every prompt has its largest budget, instead of failing.")
    var allowSurplus = false

    @Option(range: .within(0...1), help: "Expected share of failed rollouts; raises --min to get enough rewards.")
    var failureRate: Double?
}

/// What a plan optimises and how.
struct ObjectiveOptions: ParsableArguments {
    @Option(help: "What the plan maximises.")
    var objective: BudgetObjective = .expectedContrast

    @Option(help: "Algorithm: envelope is fast and within one segment of exact.")
    var solver: BudgetSolver = .envelope

    @Option(range: .within(0...1), help: "Share of the total for prompts with p below 0.05 or above 0.95.")
    var explore: Double?

    @Option(help: "Training step; it decides which of these prompts are explored.")
    var step = 0
}

/// Budgets as typed: numbers separated by commas.
struct GroupSizeList {
    let sizes: [Int]

    init(argument: String) throws {
        sizes = try argument.split(separator: ",", omittingEmptySubsequences: false).map {
            guard let size = Int($0) else { throw ValidationError("'\($0)' is not a number of rollouts") }
            return size
        }
    }
}

/// File formats of trainers.
enum PlanExport: String, ExpressibleByArgument, CaseIterable {
    case verl
    case jsonArray = "json-array"
}
