internal import Reporting
internal import Scoring

/// The report as text: a block for each source and kind of visits, with a line for each strategy.
public struct ReplayTable: CustomStringConvertible {
    private let report: ReplayReport

    /// Arranges a report.
    public init(_ report: ReplayReport) {
        self.report = report
    }

    /// The tables, at most 120 columns wide; a missing figure is a dash.
    public var description: String {
        let options = report.options
        var blocks = [
            """
            model \(report.model)
            \(options.mean) rollouts per prompt in \(options.minimum)…\(options.maximum), \(options.objective.rawValue), \
            steps of at most \(options.stepPrompts) prompts, \(options.contextRows) context rows, \(options.seeds) seeds
            """
        ]
        for source in report.sources {
            blocks.append(source.summary + "\n" + Self.tokens(source))
            for part in source.parts { blocks.append(part.stratum.name + "\n" + Self.table(part)) }
            if let plans = source.tokenPlans { blocks.append(Self.tokenPlans(plans)) }
        }
        blocks.append(solvers)
        blocks.append(verdicts)
        return blocks.joined(separator: "\n\n")
    }

    private static let header = [
        "policy", "beliefs", "rollouts", "groups", "signal", "silent", "utility", "gain %, ± se", "of oracle's %, ± se",
        "beyond log",
    ]

    private static func cells(_ line: ReplayReport.Line) -> [String] {
        [
            line.policy.name, line.belief.name, decimals(line.spent, 0), decimals(line.groups, 0),
            decimals(line.signalGroups, 0), decimals(line.silentGroups, 0), decimals(line.utility, 0),
            line.policy == .uniform ? TextTable.missing : line.gain?.percent ?? TextTable.missing,
            line.policy == .uniform || line.policy == .oracle
                ? TextTable.missing : line.share?.percent ?? TextTable.missing,
            line.beyondLog > 0 ? decimals(100 * line.beyondLog, 1) + " %" : TextTable.missing,
        ]
    }

    private static func table(_ part: ReplayReport.Part) -> String {
        TextTable(header: header, rows: part.lines.map(cells), leading: 2).description
            + part.lines.compactMap { line in
                line.gainOverBlind.map { "\nours from \(line.belief.name), gain over ours blind: \($0.percent) %" }
            }.joined()
    }

    private static func tokenPlans(_ plans: [TokenComparison]) -> String {
        let rows = plans.map { plan in
            [
                plan.lengths.rawValue, decimals(plan.tokens, 0), decimals(plan.tokensOfTokenPlans, 0),
                decimals(plan.rollouts, 0), decimals(plan.tokenRollouts, 0), decimals(plan.utility, 0),
                decimals(plan.tokenUtility, 0), plan.gain.percent,
            ]
        }
        return "plans by tokens against ours by rollouts, for the same response tokens\n"
            + TextTable(
                header: [
                    "lengths", "tokens", "by tokens", "rollouts", "by tokens", "utility", "by tokens", "gain %, ± se",
                ], rows: rows, leading: 1
            ).description
    }

    private static func tokens(_ source: ReplayReport.Source) -> String {
        guard let part = source.parts.first else { return "" }
        let prompts = part.lines.map { "\(label($0)) \(millions($0.promptTokens))" }
        let responses = part.lines.compactMap { line in line.responseTokens.map { "\(label(line)) \(millions($0))" } }
        let costs = part.lines.compactMap { line in line.cost.map { "\(label(line)) \(decimals($0, 2))" } }
        return [
            "prompt tokens (estimated, 4 bytes each), millions: " + prompts.joined(separator: ", "),
            "response tokens, millions: " + (responses.isEmpty ? "not logged" : responses.joined(separator: ", ")),
            "cost: " + (costs.isEmpty ? "not logged" : costs.joined(separator: ", ")),
        ].joined(separator: "\n")
    }

    private static func label(_ line: ReplayReport.Line) -> String {
        switch line.belief {
        case .none, .truth: line.policy.name
        case .blind, .model, .record: "\(line.policy.name) (\(line.belief.name))"
        }
    }

    private static func millions(_ tokens: Double) -> String { decimals(tokens / 1e6, 2) }

    private var solvers: String {
        let rates = report.sources.map(\.knownRates) + report.knownRates
        guard let first = rates.first else { return "" }
        let rows = rates.map { rates in
            [
                rates.source, String(rates.prompts), decimals(rates.uniform, 0), decimals(rates.greedy, 0),
                decimals(rates.envelope, 0),
                rates.advantage.map { decimals(100 * $0, 1, sign: .always) } ?? TextTable.missing,
            ]
        }
        return "known rates, 16 rollouts per prompt in \(first.minimum)…\(first.maximum), expectedContrast\n"
            + TextTable(
                header: ["rates of", "prompts", "uniform", "greedy", "envelope", "envelope over greedy %"], rows: rows
            ).description
    }

    private var verdicts: String {
        report.verdicts.map { verdict in
            let value = decimals(100 * verdict.value, 1, sign: .always) + " %"
            let noise = verdict.error.map { " ± " + decimals(100 * $0, 1) } ?? ""
            let claim =
                switch verdict.claim {
                case .notBelowUniform: "plans by the model alone are not below uniform (two standard errors)"
                case .oracleShare: "plans with own records have 40 % of the oracle's gain"
                case .referenceShare: "plans with references have 40 % of the oracle's gain"
                case .solver: "the envelope solver is 20 % over the greedy one"
                }
            return "\(verdict.isShown ? "shown    " : "NOT SHOWN") \(claim): \(verdict.place): \(value)\(noise)"
        }.joined(separator: "\n")
    }
}
