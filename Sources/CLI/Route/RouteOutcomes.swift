import Corpora
import Routing
import Scoring

/// Turns a source of outcome files into a source of the routing study.
enum RouteOutcomes {
    /// `nil` where the fleet has prices for fewer than two of the source's models.
    static func source(_ source: OutcomeSource, fleet: Fleet) throws -> RouteSource? {
        var members: [(model: FleetModel, group: OutcomeSource.Group)] = []
        for model in fleet.models {
            guard let group = source.groups.first(where: { matches(model, $0.policy) }) else { continue }
            members.append((model, group))
        }
        guard members.count > 1 else { return nil }
        var part = try Fleet(models: members.map(\.model))
        part.reference = fleet.reference
        // Costs of the rows count only if every row has one.
        let isPaid = members.allSatisfy { $0.group.rows.allSatisfy { $0.expense.cost != nil } }
        let costs = members.indices.map { index in
            guard isPaid else {
                return source.prompts.map {
                    part.expectedCost(of: index, inputTokens: TokenEstimate.tokens(of: $0.text))
                }
            }
            let history = members[index].group.rows.filter { $0.role != .query }.compactMap(\.expense.cost)
            let mean = history.reduce(0, +) / Double(max(history.count, 1))
            return Array(repeating: mean, count: source.prompts.count)
        }
        let unit = isPaid ? costs.compactMap(\.first).max() ?? 0 : part.costUnit
        let models = zip(members, costs).map { member, cost in
            RouteSource.Model(
                name: member.model.name, cost: cost,
                rows: rows(of: member.group, isPaid: isPaid))
        }
        let routed = Set(members.map(\.group.policy))
        let outside = source.groups.filter { !routed.contains($0.policy) }.map {
            RouteSource.Outside(policy: $0.policy, rows: rows(of: $0, isPaid: false))
        }
        return RouteSource(
            name: source.name, prompts: source.prompts.map(\.text), models: models, costUnit: unit, outside: outside)
    }

    private static func rows(of group: OutcomeSource.Group, isPaid: Bool) -> [RouteSource.Row] {
        group.rows.map { row in
            RouteSource.Row(
                prompt: row.prompt, outcome: row.outcome, paid: isPaid ? row.expense.cost : nil,
                isHistory: row.role.map { $0 == .context })
        }
    }

    private static func matches(_ model: FleetModel, _ policy: Policy) -> Bool {
        model.policy == policy.id || model.policy == policy.description
    }
}
