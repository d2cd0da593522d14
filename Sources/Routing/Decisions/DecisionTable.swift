import Foundation

/// Logged decisions as a table, for sweeps, calibration and decisions under other rules.
public struct DecisionTable: Sendable {
    /// The decisions that can be made again: all have the same models, with predictions.
    public let rows: [DecisionRow]
    /// Number of decisions that are left out: made without predictions, or by a request that named its model.
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

    /// By row: the decision under another rule. `fallback` is the index of the fleet's default model.
    public func decide(_ rule: RouteRule, fallback: Int = 0) -> [RouteDecision] {
        rows.compactMap { $0.asCandidates }.map { rule.decide($0, fallback: fallback) }
    }

    /// The table for sweeps, with the models that have predictions in every row. `rewards` has outcomes by prompt id
    /// and model; with it, rows without an outcome of every model are left out. Throws `nothingToTrade` for fewer than
    /// two such models.
    public func table(rewards: [String: [String: Double]]? = nil) throws(RoutingError) -> RouteTable {
        let predicted = models.indices.filter { index in rows.allSatisfy { $0.candidates[index].p != nil } }
        guard predicted.count > 1 else { throw .nothingToTrade(models: predicted.count) }
        var (p, cost, known): ([Double], [Double], [Double]) = ([], [], [])
        var unit = 0.0
        for row in rows {
            var outcomes: [Double] = []
            if let rewards {
                let found = rewards[row.promptID ?? ""] ?? [:]
                outcomes = predicted.compactMap { found[models[$0]] }
                guard outcomes.count == predicted.count else { continue }
            }
            known += outcomes
            for index in predicted {
                let candidate = row.candidates[index]
                p.append(Double(candidate.p ?? 0))
                cost.append(candidate.cost)
                if unit == 0, candidate.relativeCost > 0 { unit = candidate.cost / candidate.relativeCost }
            }
        }
        guard !p.isEmpty else { throw .noDecisions(path: "the decisions that have outcomes") }
        return RouteTable(
            models: predicted.map { models[$0] }, p: p, cost: cost, rewards: rewards == nil ? nil : known,
            costUnit: unit)
    }
}
