public import ArgumentParser
import Corpora
import Foundation
public import Planning

/// `statezero plan`.
struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turns scores into sampling budgets: how many rollouts each prompt deserves.",
        discussion: """
            Budgets maximise the objective's expected value under the belief of each row (p and kappa). Standard output \
            gets one JSON line a prompt, or --output a file of them; the summary goes to standard error, or with --json \
            to standard output.
            """)

    @Option(help: "Output folder of `statezero score`, or a JSONL file of rows with prompt_id, p and kappa.")
    var scores: String

    @Option(help: "Rollouts of the step, all prompts together.")
    var total: Int

    @Option(help: "Least budget of a prompt.")
    var min = 2

    @Option(help: "Largest budget of a prompt.")
    var max = 128

    @Option(help: "expectedContrast, mixedGroupProbability, informationGain or advantageMass.")
    var objective: BudgetObjective = .expectedContrast

    @Option(help: "envelope, greedy or exact.")
    var solver: BudgetSolver = .envelope

    @Option(help: "File for the budgets; default: standard output.")
    var output: String?

    @Flag(help: "Print the summary as one JSON object to standard output; the budgets then go to --output only.")
    var json = false

    func run() throws {
        let (candidates, failed) = try readScores()
        let plan: BudgetPlan
        do {
            plan = try BudgetRequest(total: total, minimum: min, maximum: max, objective: objective, solver: solver)
                .plan(candidates)
        } catch {
            throw CommandFailure(error)
        }
        try write(plan)
        if json { try printJSON(plan.summary) } else { printError(Self.summary(plan)) }
        if failed > 0 {
            printError("\(failed) rows of \(scores) have no score; they have no budget either")
            throw ExitStatus.finishedWithErrorRows
        }
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
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var lines = Data()
        for row in plan.rows {
            lines.append(try encoder.encode(row))
            lines.append(UInt8(ascii: "\n"))
        }
        guard let output else { return FileHandle.standardOutput.write(lines) }
        do {
            try lines.write(to: URL(fileURLWithPath: output), options: .atomic)
        } catch {
            throw CommandFailure(.failed, "\(output): cannot be written (\(error.localizedDescription))")
        }
    }

    /// What the plan expects, beside what it is compared with.
    static func summary(_ plan: BudgetPlan) -> String {
        let number = { (value: Double) in String(format: "%.2f", value) }
        let gain = plan.expectedGain.map { String(format: "%+.1f %%", $0 * 100) } ?? "no gain to speak of"
        var lines = [
            "plan \(plan.id): \(plan.total) rollouts over \(plan.budgets.count) prompts, \(plan.request.minimum)…"
                + "\(plan.request.maximum) each, \(plan.request.objective.rawValue) by \(plan.request.solver.rawValue)",
            "  expected utility   \(number(plan.utility))  (\(gain) over uniform)",
            "  uniform plan       \(number(plan.uniformUtility))",
            "  upper bound        \(number(plan.upperBound))  (gap \(String(format: "%.4f", plan.gap)))",
            "  groups without a gradient, expected: \(number(plan.zeroGroups)) of \(plan.budgets.count)",
        ]
        if let reason = plan.uniformReason { lines.append("  this is the uniform plan: \(reason.rawValue)") }
        if plan.surplus > 0 { lines.append("  \(plan.surplus) rollouts are left: every prompt has its largest budget") }
        return lines.joined(separator: "\n")
    }
}

extension BudgetObjective: ExpressibleByArgument {}
extension BudgetSolver: ExpressibleByArgument {}
