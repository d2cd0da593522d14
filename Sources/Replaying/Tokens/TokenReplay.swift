internal import Planning
internal import Scoring

/// Plans one step by rollouts and by tokens, for the same tokens of its logged answers.
struct TokenReplay {
    let log: ReplayLog
    let schedule: ReplaySchedule
    let options: ReplayOptions
    /// By row: rows of the same policy and prompt at earlier versions.
    private let earlier: [Int: [Int]]

    /// `nil` where the log lacks the length of some visit's answers.
    init?(_ log: ReplayLog, _ schedule: ReplaySchedule, options: ReplayOptions) {
        guard schedule.visits.allSatisfy({ log.rows[$0.row].responseTokens ?? 0 > 0 }) else { return nil }
        self.log = log
        self.schedule = schedule
        self.options = options
        var byPrompt: [String: [Int]] = [:]
        var earlier: [Int: [Int]] = [:]
        for (row, entry) in log.rows.enumerated() {
            let key = "\(entry.policy.id)\u{0}\(entry.prompt)"
            earlier[row] = byPrompt[key, default: []]
            byPrompt[key, default: []].append(row)
        }
        self.earlier = earlier
    }

    /// Where lengths may come from: reports need earlier versions.
    var sources: [TokenComparison.Lengths] { schedule.mode == .steps ? [.reported, .known] : [.known] }

    /// Plans a step both ways. `beliefs` are by visit. Throws the errors of planning.
    func run(
        _ visits: [Int], of version: ReplaySchedule.Version, _ beliefs: [Int: Belief], seed: Int,
        _ lengths: TokenComparison.Lengths, into tally: inout TokenTally
    ) throws(PlanningError) {
        var candidates: [BudgetCandidate] = []
        var truths: [ReplayTruth] = []
        var (real, expected): ([Double], [Double]) = ([], [])
        let all = sum(of: version.known)
        for place in visits {
            guard let belief = beliefs[place] else { continue }
            let visit = schedule.visits[place]
            let row = log.rows[visit.row]
            let fused = try belief.fused(with: visit.record, decay: options.decay)
            candidates.append(BudgetCandidate(promptID: log.prompts[row.prompt].id, belief: fused))
            truths.append(visit.truth)
            let length = row.responseTokens ?? 0
            real.append(length)
            let reported = AnswerLengths.expected(of: sum(of: earlier[visit.row] ?? []), among: all)
            expected.append(lengths == .known ? length : reported ?? 1)
        }
        let counts = try options.request(prompts: candidates.count).plan(candidates).budgets.map(\.n)
        let logged = try TokenLimit(lengths: real, total: .greatestFiniteMagnitude)
        let spent = logged.tokens(of: counts)
        let tokens = try plan(candidates, expected: expected, logged: logged, spent: spent)
        for (index, place) in visits.enumerated() {
            let sums = [counts[index], tokens[index]].map { n in
                TokenTally.Sums(
                    utility: truths[index].value(of: n, options.objective), tokens: Double(n) * real[index],
                    rollouts: Double(n))
            }
            tally.add(
                prompt: log.rows[schedule.visits[place].row].prompt, seed: seed, counts: sums[0], tokens: sums[1])
        }
    }

    /// The plan by tokens whose answers have as many tokens as those of the plan by rollouts, by the log and not by what
    /// was expected: the limit is the one number that is chosen afterwards.
    private func plan(
        _ candidates: [BudgetCandidate], expected: [Double], logged: TokenLimit, spent: Double
    ) throws(PlanningError) -> [Int] {
        var request = options.request(prompts: candidates.count)
        request.total = request.maximum * candidates.count
        var best = try TokenPlan.even(
            request, candidates.map { ($0.promptID, $0.floor, $0.cap) },
            within: TokenLimit(lengths: logged.lengths, total: spent))
        let least = expected.reduce(0, +) * Double(request.minimum)
        var (low, high) = (0.0, 1.0)
        let most = expected.reduce(0, +) * Double(request.maximum)
        for _ in 0..<24 {
            let middle = (low + high) / 2
            let limit = try TokenLimit(lengths: expected, total: least + middle * (most - least))
            let budgets = try TokenPlan(request, candidates, within: limit).budgets
            if logged.tokens(of: budgets) <= spent {
                (low, best) = (middle, budgets)
            } else {
                high = middle
            }
        }
        return best
    }

    /// Tokens and rollouts of some rows whose answers' lengths are logged.
    private func sum(of rows: [Int]) -> AnswerLengths.Sum {
        rows.reduce(into: AnswerLengths.Sum()) { sum, index in
            let row = log.rows[index]
            guard let length = row.responseTokens, length > 0 else { return }
            sum.tokens += length * Double(row.outcome.n)
            sum.rollouts += Double(row.outcome.n)
        }
    }
}
