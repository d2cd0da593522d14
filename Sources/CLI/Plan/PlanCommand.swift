public import ArgumentParser
import CommandSupport
import Corpora
import Foundation
public import Planning
import Scoring

/// `statezero plan`.
struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turns scores into sampling budgets: how many rollouts each prompt deserves.",
        discussion: """
            Budgets maximise the objective's expected value under the belief of each row (p and kappa). Standard output \
            gets one JSON line a prompt, or --output a file of them; the summary goes to standard error, or with --json \
            to standard output. Budgets add up to --total exactly, or there is no plan.

            --export json-array writes [n, n, …] in the order of the scores, for trainers that look budgets up by row.
            --export verl writes {"prompt_id", "__rollout_n__"} a line; verl takes the column __rollout_n__ from its \
            training file (never put it into the validation file). Parquet is not written here; join it so:

              from json import loads
              from pandas import read_parquet
              lines = map(loads, open("budgets.jsonl"))
              n = {line["prompt_id"]: line["__rollout_n__"] for line in lines}
              rows = read_parquet("train.parquet")
              ids = [str(info["index"]) for info in rows["extra_info"]]
              rows["__rollout_n__"] = [n[i] for i in ids]
              rows[rows["__rollout_n__"] > 0].to_parquet("budgeted.parquet")

            The ids there are those that prompts were scored under. This follows verl's code as read, not a run of it: \
            try it on a small step first.
            """)

    @Option(help: "Output folder of `statezero score`, or a JSONL file of rows with prompt_id, p and kappa.")
    var scores: String

    @Option(help: "Rollouts of the step, all prompts together.")
    var total: Int

    @Option(help: "Least budget of a prompt.")
    var min = 2

    @Option(help: "Largest budget of a prompt.")
    var max = 128

    @Option(help: "What divides every budget, and the total.")
    var multipleOf = 1

    @Option(help: "The only sizes allowed, as 4,8,16; 0 skips a prompt.", transform: GroupSizeList.init(argument:))
    var groupSizes: GroupSizeList?

    @Option(help: "Share of the total for prompts predicted below 0.05 or above 0.95, as 0.05.")
    var explore: Double?

    @Option(help: "Training step, which decides whose turn at exploration it is.")
    var step = 0

    @Option(help: "Observed share of rollouts that fail; raises --min so that as many rewards are to be expected.")
    var failureRate: Double?

    @Option(help: "expectedContrast, mixedGroupProbability, informationGain or advantageMass.")
    var objective: BudgetObjective = .expectedContrast

    @Option(help: "envelope, greedy or exact.")
    var solver: BudgetSolver = .envelope

    @Option(help: "A trainer's form instead of rows: verl or json-array.")
    var export: PlanExport?

    @Option(help: "File for the budgets; default: standard output.")
    var output: String?

    @Flag(help: "Print the summary as one JSON object to standard output; the budgets then go to --output only.")
    var json = false

    func run() throws {
        let (candidates, failed) = try readScores()
        let plan: BudgetPlan
        do {
            plan = try request().plan(candidates)
        } catch {
            throw CommandFailure(error)
        }
        if export == .jsonArray, failed > 0 {
            // Every entry behind a missing one would be another prompt's.
            throw CommandFailure(
                "\(scores): \(failed) rows have no score, so an array by row cannot be written; use rows or verl")
        }
        try write(plan)
        if json { try ReportOptions.printJSON(plan.summary) } else { printError(Self.summary(plan)) }
        if failed > 0 {
            printError("\(failed) rows of \(scores) have no score; they have no budget either")
            throw ExitStatus.finishedWithErrorRows
        }
    }

    private func request() throws(PlanningError) -> BudgetRequest {
        var request = BudgetRequest(total: total, minimum: min, maximum: max, objective: objective, solver: solver)
        if let failureRate { request.minimum = try RolloutFailureRate(failureRate).inflated(min, cap: max) }
        request.multipleOf = multipleOf
        request.groupSizes = groupSizes?.sizes
        if let explore {
            request.exploration = try Exploration(share: explore, seed: Exploration.seed(policyID: "", step: step))
        }
        return request
    }

    private func readScores() throws -> ([BudgetCandidate], failed: Int) {
        var candidates: [BudgetCandidate] = []
        var failed = 0
        do {
            var reader = try ScoresReader(path: scores)
            while let element = try reader.next() {
                switch element {
                case .score(let score):
                    let belief = try Belief(
                        mean: Double(score.p), kappa: Double(score.kappa), promptID: score.promptID)
                    candidates.append(BudgetCandidate(promptID: score.promptID, belief: belief))
                case .failed: failed += 1
                case .rejected(let error):
                    printError("\(error)")
                    failed += 1
                }
            }
        } catch {
            throw CommandFailure(error)
        }
        return (candidates, failed)
    }

    private func write(_ plan: BudgetPlan) throws {
        guard output != nil || !json else { return }
        let lines =
            switch export {
            case .verl:
                try Self.lines(plan.budgets.map { VerlRow(promptID: $0.promptID, n: $0.n) })
            case .jsonArray: try Self.lines([plan.budgets.map(\.n)])
            case nil: try Self.lines(plan.rows)
            }
        guard let output else { return FileHandle.standardOutput.write(lines) }
        do {
            try lines.write(to: URL(fileURLWithPath: output), options: .atomic)
        } catch {
            throw CommandFailure("\(output): cannot be written (\(error.localizedDescription))")
        }
    }

    private static func lines(_ rows: [some Encodable]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var lines = Data()
        for row in rows {
            lines.append(try encoder.encode(row))
            lines.append(UInt8(ascii: "\n"))
        }
        return lines
    }

    /// What the plan expects, beside what it is compared with.
    static func summary(_ plan: BudgetPlan) -> String {
        let number = { (value: Double) in String(format: "%.2f", value) }
        let gain = plan.expectedGain.map { String(format: "%+.1f %%", $0 * 100) } ?? "no gain to speak of"
        let request = plan.request
        var sizes = "\(request.minimum)…\(request.maximum) each"
        if request.multipleOf > 1 { sizes += " in multiples of \(request.multipleOf)" }
        if let list = request.groupSizes { sizes = list.sorted().map(String.init).joined(separator: ", ") + " each" }
        var lines = [
            "plan \(plan.id): \(plan.total) rollouts over \(plan.budgets.count) prompts, \(sizes),"
                + " \(request.objective.rawValue) by \(request.solver.rawValue)",
            "  expected utility   \(number(plan.utility))  (\(gain) over uniform)",
            "  uniform plan       \(number(plan.uniformUtility))",
            "  upper bound        \(number(plan.upperBound))  (gap \(String(format: "%.4f", plan.gap)))",
            "  groups without a gradient, expected: \(number(plan.zeroGroups)) of \(plan.budgets.count)",
        ]
        if let reason = plan.uniformReason { lines.append("  this is the uniform plan: \(reason.rawValue)") }
        let explored = plan.summary.explored
        if explored > 0 { lines.append("  \(explored) prompts are explored against their prediction") }
        if plan.surplus > 0 { lines.append("  \(plan.surplus) rollouts are left: every prompt has its largest budget") }
        return lines.joined(separator: "\n")
    }
}

/// Sizes as typed: numbers with commas between.
struct GroupSizeList {
    let sizes: [Int]

    init(argument: String) throws {
        sizes = try argument.split(separator: ",", omittingEmptySubsequences: false).map {
            guard let size = Int($0) else {
                throw ValidationError("\($0.isEmpty ? "nothing" : $0) is not a group size")
            }
            return size
        }
    }
}

/// Forms that trainers read.
enum PlanExport: String, ExpressibleByArgument, CaseIterable {
    case verl
    case jsonArray = "json-array"
}

/// A prompt's budget under the name that verl pops from its rows.
private struct VerlRow: Encodable {
    let promptID: String
    let n: Int

    enum CodingKeys: String, CodingKey {
        case promptID = "prompt_id"
        case n = "__rollout_n__"
    }
}

extension BudgetSolver: ExpressibleByArgument {}
