import Foundation

/// Decisions that were written down, as a table that can be swept, calibrated and decided again.
public struct DecisionTable: Sendable {
    /// The decisions that can be decided again: of the same models, every one of them able to be chosen or excluded by
    /// the prompt itself.
    public let rows: [DecisionRow]
    /// Decisions left out: made without predictions, or by a request that named its model.
    public let leftOut: Int
    /// The models, in the fleet's order.
    public let models: [String]

    /// Reads JSON lines. Throws `badDecision` and `foreignDecision` naming the line, and `noDecisions`.
    public init(lines: some Sequence<Substring>, path: String) throws(RoutingError) {
        let decoder = JSONDecoder()
        var rows: [DecisionRow] = []
        var models: [String]?
        var leftOut = 0
        for (number, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            let row: DecisionRow
            do {
                row = try decoder.decode(DecisionRow.self, from: Data(line.utf8))
            } catch {
                throw .badDecision(path: path, line: number + 1, reason: "\(error)")
            }
            guard row.candidates.contains(where: { $0.p != nil }), row.asCandidates != nil else {
                leftOut += 1
                continue
            }
            let names = row.candidates.map(\.model)
            if let models, names != models {
                throw .foreignDecision(
                    path: path, line: number + 1,
                    model: names.first { !models.contains($0) } ?? names.joined(separator: ","))
            }
            models = names
            rows.append(row)
        }
        guard let models, !rows.isEmpty else { throw .noDecisions(path: path) }
        self.rows = rows
        self.leftOut = leftOut
        self.models = models
    }

    /// The decisions under another rule: by row, the decision. `fallback` is the fleet's default where it is known.
    public func decide(_ rule: RouteRule, fallback: Int = 0) -> [RouteDecision] {
        rows.compactMap { $0.asCandidates }.map { rule.decide($0, fallback: fallback) }
    }

    /// The table of a sweep: models that have predictions throughout. `rewards` knows outcomes by prompt id and model;
    /// rows without one for every model are left out then. Throws `nothingToTrade` for fewer than two such models.
    public func table(rewards: [String: [String: Double]]? = nil) throws(RoutingError) -> RouteTable {
        let able = models.indices.filter { index in rows.allSatisfy { $0.candidates[index].p != nil } }
        guard able.count > 1 else { throw .nothingToTrade(models: able.count) }
        var (p, cost, known): ([Double], [Double], [Double]) = ([], [], [])
        var unit = 0.0
        for row in rows {
            var outcomes: [Double] = []
            if let rewards {
                let mine = rewards[row.promptID ?? ""] ?? [:]
                outcomes = able.compactMap { mine[models[$0]] }
                guard outcomes.count == able.count else { continue }
            }
            known += outcomes
            for index in able {
                let candidate = row.candidates[index]
                p.append(Double(candidate.p ?? 0))
                cost.append(candidate.cost)
                if unit == 0, candidate.relativeCost > 0 { unit = candidate.cost / candidate.relativeCost }
            }
        }
        guard !p.isEmpty else { throw .noDecisions(path: "the decisions that have outcomes") }
        return RouteTable(
            models: able.map { models[$0] }, p: p, cost: cost, rewards: rewards == nil ? nil : known, costUnit: unit)
    }
}
