import Corpora
import Foundation

/// Why a logged decision chose its model, as lines of text: every model with its p, cost and score, and why it was left out.
public struct DecisionExplanation: Sendable {
    private let row: DecisionRow

    /// Explains a decision.
    public init(_ row: DecisionRow) {
        self.row = row
    }

    /// The lines.
    public var lines: [String] {
        [head] + about + table + attempts
    }

    private var head: String {
        let time = row.time.map { " at \(Date(timeIntervalSince1970: $0).formatted(.iso8601))" } ?? ""
        return "\(row.decisionID)\(time): \(row.model ?? "no model"), because \(Self.sentence(row.reason))"
    }

    private var about: [String] {
        var lines = ["rule \(row.rule) \(row.parameter); about \(row.inputTokens) tokens of prompt"]
        if let needs = row.needs { lines[0] += "; needs " + needs.map(\.rawValue).joined(separator: ", ") }
        if let client = row.client { lines.append("client \(client)") }
        if let session = row.session { lines.append("session \(session)…") }
        if let sent = row.sentTo, sent != row.model { lines.append("answered by \(sent), not by the chosen model") }
        return lines
    }

    private var table: [String] {
        guard !row.candidates.isEmpty else { return ["the request named its model; nothing was predicted"] }
        let rule = RouteRule(name: row.rule, parameter: row.parameter)
        let known = row.asCandidates
        let width = max(5, row.candidates.map(\.model.count).max() ?? 0)
        let pad = { (text: String) in text.padding(toLength: width, withPad: " ", startingAt: 0) }
        let figure = { (value: Float?) in value.map { String(format: "%6.4f", Double($0)) } ?? "     -" }
        return ["\(pad("model"))       p    p_lo    p_hi  rows        cost   score  "]
            + row.candidates.enumerated().map { index, candidate in
                let isRanked = candidate.excluded == nil && candidate.p != nil
                let score = isRanked ? known.flatMap { all in rule.map { $0.score(all[index]) } } : nil
                return
                    "\(pad(candidate.model))  \(figure(candidate.p))  \(figure(candidate.pLo))  \(figure(candidate.pHi))"
                    + String(format: "  %4d  %10.6f  ", candidate.rows, candidate.cost)
                    + (score.map { String(format: "%6.4f  ", $0) } ?? "     -  ")
                    + (candidate.model == row.model ? "chosen" : candidate.excluded.map(Self.sentence) ?? "")
            }
    }

    private var attempts: [String] {
        (row.attempts ?? []).map { attempt in
            "\(attempt.ms) ms \(attempt.model): \(attempt.result)" + (attempt.detail.map { " (\($0))" } ?? "")
        }
    }

    private static func sentence(_ reason: RouteDecision.Reason) -> String {
        switch reason {
        case .bestScore: "it has the best score under the rule"
        case .cheapestReachingTarget: "it is the cheapest that reaches the target"
        case .belowTarget: "no model reaches the target and it has the largest p"
        case .insufficientEvidence: "no model has enough history; it is the default, or the cheapest that can answer"
        case .named: "the request named it"
        case .session: "the session used it before"
        case .unsupported: "no model supports what the request needs"
        case .unreadablePrompt:
            "the prompt has something other than text; it is the default, or the cheapest that can answer"
        case .undecided: "the value model was too busy; it is the default"
        case .promptTooLong: "the prompt is too long for every model"
        case .noneAvailable: "every model is cooling down or at a limit"
        }
    }

    private static func sentence(_ exclusion: RouteCandidate.Exclusion) -> String {
        switch exclusion {
        case .insufficientEvidence: "too few rows of history"
        case .promptTooLong: "the prompt is too long for it"
        case .unsupported: "it does not support what the request needs"
        case .coolingDown: "it is cooling down after failures"
        case .atLimit: "it is at its limit of requests"
        case .rateLimited: "its endpoint answered 429"
        case .spendLimit: "it costs more than may still be spent today"
        }
    }
}
