import ArgumentParser
import CommandSupport
import Corpora
import Foundation
import Planning

/// What rollouts cost, and a limit for all of them together.
struct TokenOptions: ParsableArguments {
    @Option(
        help: """
            Expected tokens of all answers together, or another cost: budgets have the most utility for it, and need not add \
            up to --total, which may be left out. Needs --cost-key.
            """)
    var totalTokens: Double?

    @Option(
        help: """
            Key of what a rollout of a prompt costs, such as response_tokens. A row with n is the mean of n rollouts; one \
            without states what to expect. A prompt without any costs the mean of all.
            """)
    var costKey: String?

    @Option(parsing: .upToNextOption, help: "Files with prompt_id and --cost-key. Default: the file of --scores.")
    var costs: [String] = []

    func validate() throws {
        if let totalTokens {
            guard totalTokens > 0, totalTokens.isFinite else { throw ValidationError("--total-tokens must be above 0") }
            if costKey == nil { throw ValidationError("--total-tokens needs --cost-key") }
        }
        if !costs.isEmpty, costKey == nil { throw ValidationError("--costs needs --cost-key") }
    }

    /// By candidate: the expected cost of a rollout; `nil` without a key. Throws where no row has one.
    func lengths(_ candidates: [BudgetCandidate], scores: String) throws -> [Double]? {
        guard let costKey else { return nil }
        var isFolder: ObjCBool = false
        if costs.isEmpty, FileManager.default.fileExists(atPath: scores, isDirectory: &isFolder), isFolder.boolValue {
            throw CommandFailure(
                "rows of \(scores) have no \(costKey), a folder of scores has no costs; give --costs FILE")
        }
        let files = costs.isEmpty ? [scores] : costs
        let table = try CostTable(files: files, key: costKey)
        for line in table.errors.lines { printError(line) }
        guard !table.costs.isEmpty else {
            throw CommandFailure("no row of \(files.joined(separator: ", ")) has a number under '\(costKey)'")
        }
        let all = table.costs.values.reduce(into: AnswerLengths.Sum()) { sum, cost in
            sum.tokens += cost.observed.cost + cost.stated.cost
            sum.rollouts += cost.observed.rollouts + cost.stated.rows
        }
        let unknown = candidates.count { table.costs[$0.promptID] == nil }
        if unknown > 0 {
            printError("\(unknown) of \(candidates.count) prompts have no \(costKey): the mean of all is used")
        }
        return candidates.map { candidate in
            let cost = table.costs[candidate.promptID]
            if let stated = cost?.stated, stated.rows > 0 { return stated.cost / stated.rows }
            let own = AnswerLengths.Sum(
                tokens: cost?.observed.cost ?? 0, rollouts: cost?.observed.rollouts ?? 0)
            return AnswerLengths.mean(of: own, among: all) ?? 1
        }
    }
}
