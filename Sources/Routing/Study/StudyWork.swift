internal import PredictionMetrics
internal import Scoring

/// Computes predictions for one draw of one source.
struct StudyWork {
    let source: RouteSource
    let draw: RouteDraw
    let model: any ValueModel
    private var embeddedQueries: QuerySet?

    init(source: RouteSource, draw: RouteDraw, model: any ValueModel) {
        self.source = source
        self.draw = draw
        self.model = model
    }

    /// The routed prompts with the probabilities predicted from `rows` rows of history per model.
    mutating func table(rows: Int, references: StudyReferences? = nil) throws(RoutingError) -> RouteTable {
        var columns: [[Double]] = []
        for index in source.models.indices {
            columns.append(try predictions(of: index, rows: rows, references: references))
        }
        return table(columns)
    }

    private func table(_ columns: [[Double]]) -> RouteTable {
        let count = source.models.count
        var p: [Double] = []
        var cost: [Double] = []
        var paid: [Double] = []
        var rewards: [Double] = []
        let outcomes = source.models.map { model in
            Dictionary(model.rows.map { ($0.prompt, $0) }, uniquingKeysWith: { first, _ in first })
        }
        p.reserveCapacity(draw.queries.count * count)
        for (place, prompt) in draw.queries.enumerated() {
            for index in 0..<count {
                let expected = source.models[index].cost[prompt]
                p.append(columns[index][place])
                cost.append(expected)
                paid.append(outcomes[index][prompt]?.paid ?? expected)
                // Every query has an outcome of every model; see RouteDraw.
                rewards.append(outcomes[index][prompt]?.outcome.reward ?? 0)
            }
        }
        return RouteTable(
            models: source.models.map(\.name), p: p, cost: cost, paid: paid, rewards: rewards,
            costUnit: source.costUnit)
    }

    /// By query: P(success) of a model, predicted from `rows` rows of its history.
    mutating func predictions(
        of index: Int, rows: Int, references: StudyReferences? = nil,
        relabel: (ContextSet) -> ContextSet? = { $0 }
    ) throws(RoutingError) -> [Double] {
        let history = draw.history[index].prefix(rows)
        let texts = history.map { source.prompts[$0.prompt] }
        let pairs = zip(texts, history).map { ContextSet.Row(text: $0, outcome: $1.outcome) }
        guard let context = ContextSet(pairs).flatMap(relabel) else {
            throw .outOfReach(
                what: "a history in rows", wanted: Double(rows), least: 0, most: Double(ContextSet.rowsMax))
        }
        var queries = try queries()
        let joined = references?.joined(of: source.models[index].name, history: history)
        if let joined { queries = QuerySet(texts: queries.texts, features: queries.features, side: joined.queries) }
        let known = joined?.context ?? context
        return try calling { (model) throws(ValueModelError) in
            let prepared = try model.prepare(known, features: try model.embed(known.texts))
            return try model.predict(queries, in: prepared).map { Double($0.p) }
        }
    }

    private mutating func queries() throws(RoutingError) -> QuerySet {
        if let embeddedQueries { return embeddedQueries }
        let texts = draw.queries.map { source.prompts[$0] }
        let features = try calling { (model) throws(ValueModelError) in try model.embed(texts) }
        let queries = QuerySet(texts: texts, features: features)
        embeddedQueries = queries
        return queries
    }

    /// Calls the value model; its error names the source.
    private func calling<Value>(
        _ body: (any ValueModel) throws(ValueModelError) -> Value
    ) throws(RoutingError) -> Value {
        do {
            return try body(model)
        } catch {
            throw .model(source: source.name, error)
        }
    }

    /// By model: mean reward over the first `rows` rows of its history.
    func meanRewards(rows: Int) -> [Double] {
        draw.history.map { history in
            let first = history.prefix(rows)
            return first.reduce(0) { $0 + $1.outcome.reward } / Double(max(first.count, 1))
        }
    }

    /// `(P, M)`: predictions from the ten nearest rows of each model's history; 0.5 without a history.
    mutating func neighbours(rows: Int, columns: Int) throws(RoutingError) -> [Double] {
        let queries = try queries()
        var scores = [Double](repeating: 0, count: queries.rows * source.models.count)
        for index in source.models.indices {
            let history = draw.history[index].prefix(rows)
            let texts = history.map { source.prompts[$0.prompt] }
            let features = try calling { (model) throws(ValueModelError) in try model.embed(texts) }
            let predictions =
                history.isEmpty
                ? [Double](repeating: 0.5, count: queries.rows)
                : NearestNeighbours(context: features, queries: queries.features, columns: columns)
                    .meanReward(of: 10, rewards: history.map(\.outcome.reward))
            for (place, score) in predictions.enumerated() {
                scores[place * source.models.count + index] = score
            }
        }
        return scores
    }

    /// Area under the curve of the paper's cost-aware labels. Each setting needs a preparation of every context.
    mutating func costAwareArea(rows: Int, table: RouteTable) throws(RoutingError) -> Double {
        var points: [RoutePoint] = []
        for beta in RouteSweep.betas where beta > 0 && beta < 1 {
            var scores = [Double](repeating: 0, count: table.p.count)
            for index in source.models.indices {
                let costs = draw.queries.map { source.models[index].cost[$0] }
                let mean = costs.reduce(0, +) / Double(max(costs.count, 1))
                let relative = source.costUnit > 0 ? mean / source.costUnit : 0
                let column = try predictions(of: index, rows: rows) {
                    CostAwareLabels.relabelled($0, beta: beta, relativeCost: relative)
                }
                for (place, value) in column.enumerated() { scores[place * source.models.count + index] = value }
            }
            points.append(
                table.point(table.choices(.costAware(beta), scores: scores), label: "cost_aware", parameter: beta))
        }
        // At the ends the labels contain only cost or only success, so the weighted rule's settings are used there.
        for beta in [0.0, 1.0] { points.append(table.point(table.choices(.weighted(beta)), label: "cost_aware")) }
        guard let axis = RouteCurve.axis(of: table.singles), let curve = RouteCurve(points, axis: axis) else {
            throw .nothingToTrade(models: table.models.count)
        }
        return curve.area
    }

    /// Treats each model in turn as new, with few rows and with many; the others are as in `table`.
    mutating func newcomers(
        _ table: RouteTable, few: Int, many: Int, references: StudyReferences? = nil
    ) throws(RoutingError) -> [RouteNewcomer] {
        var newcomers: [RouteNewcomer] = []
        for index in source.models.indices {
            let most = min(many, draw.history[index].count)
            let fewColumn = try predictions(of: index, rows: few, references: references)
            let manyColumn = try predictions(of: index, rows: most, references: references)
            // So low a score that the model is never chosen.
            let none = fewColumn.map { _ in -1e6 }
            newcomers.append(
                RouteNewcomer(
                    model: source.models[index].name, rows: few, rowsMany: most,
                    area: try Self.area(table, index, fewColumn), areaMany: try Self.area(table, index, manyColumn),
                    areaWithout: try Self.area(table, index, none)))
        }
        return newcomers
    }

    private static func area(_ table: RouteTable, _ index: Int, _ column: [Double]) throws(RoutingError) -> Double {
        var scores = table.p
        for (place, value) in column.enumerated() { scores[place * table.models.count + index] = value }
        return try RouteSweep(table, scores: scores).curve.area
    }
}
