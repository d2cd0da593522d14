public import ArgumentParser
import CommandSupport
import Corpora
import Foundation
public import Planning
import Scoring

/// `statezero plan`.
struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        "plan", "Turns scores into budgets: the number of rollouts for each prompt of a step.",
        example: "statezero plan --scores out/scores --total 6944 --min 2 --max 32 --output out/budgets.jsonl",
        details: """
            Budgets maximise the expected value of the objective under each row's belief (p and kappa), and sum to \
            --total exactly; a total that the largest budgets do not allow is an error, unless --allow-surplus is given. Writes one JSON line per prompt to standard output, or to --output. The summary goes to \
            standard error, with --json to standard output; it says what 10 % more would buy.

            Where answers differ in length, --total-tokens limits their tokens (or another cost) instead of the rollouts, and \
            the plan buys the most utility for them:

              statezero plan --scores out/scores --total-tokens 2000000 \\
                  --costs history.jsonl --cost-key response_tokens

            --export json-array writes [n, n, …] in the order of the scores.
            --export verl --rows train.parquet copies the trainer's Parquet file to --output, with the column \
            __rollout_n__ added and prompts without rollouts left out; verl reads the column of its training file, do not \
            add it to the validation file. Score the rows of that file, and give the same options for keys:

              statezero score --prompts train.parquet --context history.jsonl --output out/scores
              statezero plan --scores out/scores --total 6944 --export verl --rows train.parquet --output budgeted.parquet

            Without --rows, --export verl writes lines of prompt_id and __rollout_n__, in the order of the scored rows; Python \
            can join them:

              from json import loads
              from pandas import read_parquet
              lines = [loads(line) for line in open("budgets.jsonl")]
              rows = read_parquet("train.parquet")
              assert len(lines) == len(rows), "some rows have no score"
              rows["__rollout_n__"] = [line["__rollout_n__"] for line in lines]
              rows[rows["__rollout_n__"] > 0].to_parquet("budgeted.parquet")
            """)

    @Option(help: "Output folder of `statezero score`, or a JSONL file with prompt_id, p and kappa.")
    var scores: String

    @Option(range: .atLeast(1), help: "Rollouts of the step, all prompts together. Needed without --total-tokens.")
    var total: Int?

    @OptionGroup(title: "Costs") var tokens: TokenOptions

    @OptionGroup(title: "Budgets") var budgets: BudgetOptions
    @OptionGroup(title: "Objective") var objective: ObjectiveOptions

    @Option(help: "Write a trainer's format instead of rows.")
    var export: PlanExport?

    @Option(help: "Parquet or Arrow file of the trainer, which --export verl copies to --output with the budgets.")
    var rows: String?

    @Option(
        help: """
            Format of the budgets: jsonl, or parquet, arrow or arrow-stream, which need the Arrow library \
            (scripts/arrow/install).
            """)
    var format: RowFileFormat = .jsonl

    @Option(help: "File for the budgets. Default: standard output.")
    var output: String?

    @OptionGroup(title: "Row keys of --rows") var keys: KeyOptions

    @Flag(help: "Print the summary as one JSON object to standard output; budgets then go to --output only.")
    var json = false

    func validate() throws {
        if format == .openAIBatch {
            throw ValidationError("--format openai-batch is for scores; a plan has no such rows")
        }
        if format != .jsonl, export == .jsonArray || rows != nil {
            throw ValidationError("--format is for rows of budgets, not for --export json-array or --rows")
        }
        if total == nil, tokens.totalTokens == nil { throw ValidationError("give --total, --total-tokens or both") }
        guard rows != nil else { return }
        if export != .verl { throw ValidationError("--rows needs --export verl") }
        if output == nil { throw ValidationError("--rows needs --output, the file to write") }
        if output == rows { throw ValidationError("--output must be another file than --rows") }
    }

    func run() throws {
        let (candidates, evidence, failed) = try readScores()
        let lengths = try tokens.lengths(candidates, scores: scores)
        var priced = try PricedPlan(
            request(), total: total, candidates, lengths: lengths, tokens: tokens.totalTokens)
        let plan = priced.plan
        if priced.limit == nil, plan.surplus > 0, let total {
            guard budgets.allowSurplus else {
                throw CommandFailure(
                    "--total \(total) cannot be handed out: \(candidates.count) prompts with at most \(budgets.max) rollouts "
                        + "each get \(plan.total); give --total \(plan.total), a larger --max, or --allow-surplus")
            }
            printError("\(plan.surplus) of \(total) rollouts are left: every prompt has its largest budget")
            // The total of the summary is then what the budgets add up to.
            var smaller = try request()
            smaller.total = plan.total
            priced = try PricedPlan(smaller, total: plan.total, candidates, lengths: lengths, tokens: nil)
        }
        if export == .jsonArray, failed > 0 {
            // The entries after a missing one would belong to other prompts.
            throw CommandFailure(
                "\(scores): \(failed) rows have no score, so --export json-array is not possible; use verl or rows")
        }
        try write(priced, evidence)
        if json { try ReportOptions.printJSON(priced.summary) } else { printError(PlanSummary(priced).text) }
        if failed > 0 {
            printError("\(scores): \(failed) rows have no score and get no budget")
            throw ExitStatus.finishedWithErrorRows
        }
    }

    private func request() throws(PlanningError) -> BudgetRequest {
        var request = BudgetRequest(
            total: total ?? 0, minimum: budgets.min, maximum: budgets.max, objective: objective.objective,
            solver: objective.solver)
        if let rate = budgets.failureRate {
            request.minimum = try RolloutFailureRate(rate).inflated(budgets.min, cap: budgets.max)
        }
        request.multipleOf = budgets.multipleOf
        request.groupSizes = budgets.groupSizes?.sizes
        if let share = objective.explore {
            request.exploration = try Exploration(
                share: share, seed: Exploration.seed(policyID: "", step: objective.step))
        }
        return request
    }

    private func readScores() throws -> (
        [BudgetCandidate], evidence: [String: ScoresReader.Score.Evidence], failed: Int
    ) {
        var candidates: [BudgetCandidate] = []
        var evidence: [String: ScoresReader.Score.Evidence] = [:]
        var failed = 0
        var reader = try ScoresReader(path: scores)
        while let element = try reader.next() {
            switch element {
            case .score(let score):
                let belief = try Belief(mean: Double(score.p), kappa: Double(score.kappa), promptID: score.promptID)
                candidates.append(BudgetCandidate(promptID: score.promptID, belief: belief))
                evidence[score.promptID] = score.evidence
            case .failed: failed += 1
            case .rejected(let error):
                printError("\(error)")
                failed += 1
            }
        }
        return (candidates, evidence, failed)
    }

    private func write(_ priced: PricedPlan, _ evidence: [String: ScoresReader.Score.Evidence]) throws {
        let plan = priced.plan
        if let rows, let output {
            let budgets = Dictionary(plan.budgets.map { ($0.promptID, $0.n) }) { first, _ in first }
            let file = try TrainerFile(rows, budgets: budgets, keys: keys.keys, to: output)
            return printError(file.text(rows, output))
        }
        guard output != nil || !json else { return }
        let lines =
            switch export {
            case .verl: try ReportOptions.lines(plan.budgets.map { VerlRow(promptID: $0.promptID, n: $0.n) })
            case .jsonArray: try ReportOptions.lines([plan.budgets.map(\.n)])
            case nil:
                try ReportOptions.lines(
                    plan.rows.enumerated().map { index, row in
                        EvidentRow(row: row, expectedTokens: priced.lengths?[index], evidence: evidence[row.promptID])
                    })
            }
        let columns = export == .verl ? RowColumns.verl : RowColumns.budgets
        let bytes = try format.encode(Array(lines), columns: columns, path: output ?? "standard output")
        guard let output else { return try writeOutput(bytes) }
        try writeFile(bytes, to: output)
    }
}

/// A prompt's budget, with what its score is based on where the scores say so.
private struct EvidentRow: Encodable {
    let row: BudgetRow
    /// Of one answer.
    let expectedTokens: Double?
    let evidence: ScoresReader.Score.Evidence?

    private enum CodingKeys: String, CodingKey {
        case evidence
        case expectedTokens = "expected_tokens"
    }

    func encode(to encoder: any Encoder) throws {
        try row.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(expectedTokens, forKey: .expectedTokens)
        try container.encodeIfPresent(evidence, forKey: .evidence)
    }
}

/// A prompt's budget with the key that verl reads.
private struct VerlRow: Encodable {
    let promptID: String
    let n: Int

    enum CodingKeys: String, CodingKey {
        case promptID = "prompt_id"
        case n = "__rollout_n__"
    }
}

extension BudgetSolver: ExpressibleByArgument {}
