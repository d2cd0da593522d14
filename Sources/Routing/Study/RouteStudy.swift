internal import Planning
public import Scoring

/// What `statezero route evaluate` computes: how well a fleet is routed on prompts that nobody has seen.
///
/// For each source and seed: draw a history for every model, let the value model prepare it, predict every routed prompt
/// under every model, sweep the rule and measure the curve beside its baselines.
public struct RouteStudy {
    /// How a study is done.
    public struct Options: Sendable {
        /// Rows of history a model.
        public var historyRows = 256
        /// Independent draws of the histories.
        public var seeds = 5
        /// Leading columns of the features that are an embedding; `nil` leaves nearest neighbours out.
        public var embeddingColumns: Int?
        /// Resamples of the routed prompts for intervals; 0 leaves them out.
        public var resamples = 200
        /// Few and many rows of a model that is new to its fleet; `nil` leaves that part out.
        public var newcomerRows: (few: Int, many: Int)?
        /// Whether the paper's cost-aware labels are swept too; each setting is a preparation of every context.
        public var withCostAwareLabels = false
        /// 256 rows, five seeds.
        public init() {}
    }

    private let model: any ValueModel
    private let options: Options

    /// Studies `model`, on the thread that made it.
    public init(model: any ValueModel, options: Options) {
        self.model = model
        self.options = options
    }

    /// Studies one source. Throws `nothingToTrade` where its models cost the same or are fewer than two, `noDecisions`
    /// where no prompt has an outcome of every model, and `model` where the value model refuses.
    ///
    /// Cost: one embedding of each text used, and for each seed and model a preparation and P predictions.
    public func study(
        _ source: RouteSource, progress: (String) -> Void = { _ in }
    ) throws(RoutingError) -> RouteStudyResult {
        guard source.models.count > 1 else { throw .nothingToTrade(models: source.models.count) }
        var seeds: [RouteStudySeed] = []
        var tables: [StudyTables] = []
        for seed in 0..<options.seeds {
            progress("\(source.name): seed \(seed + 1) of \(options.seeds)")
            let draw = RouteDraw(source, seed: seed)
            guard !draw.queries.isEmpty else { throw .noDecisions(path: source.name) }
            var work = StudyWork(source: source, draw: draw, model: model)
            let table = try work.table(rows: options.historyRows)
            var neighbours: [Double]?
            if let columns = options.embeddingColumns {
                neighbours = try work.neighbours(rows: options.historyRows, columns: columns)
            }
            let set = StudyTables(
                table: table, neighbours: neighbours, known: work.meanRewards(rows: options.historyRows))
            var result = try RouteStudySeed(set, source: source.name)
            if options.withCostAwareLabels {
                result.costAwareArea = try work.costAwareArea(rows: options.historyRows, table: table)
            }
            if let (few, many) = options.newcomerRows {
                result.newcomers = try work.newcomers(table, few: few, many: many)
            }
            seeds.append(result)
            tables.append(set)
        }
        return RouteStudyResult(
            source: source.name, models: source.models.map(\.name), prompts: tables[0].table.prompts,
            historyRows: options.historyRows, seeds: seeds,
            differences: try RouteDifferences(seeds: seeds, tables: tables, resamples: options.resamples),
            curves: try RouteStudyCurves(tables[0]))
    }
}

/// A source's table at one seed, and what nearest neighbours say instead of its probabilities.
struct StudyTables {
    let table: RouteTable
    let neighbours: [Double]?
    /// By model: mean reward over its history.
    let known: [Double]
}

/// One draw of one source, with the features it needs.
struct StudyWork {
    let source: RouteSource
    let draw: RouteDraw
    let model: any ValueModel
    private var queryFeatures: FeatureMatrix?

    init(source: RouteSource, draw: RouteDraw, model: any ValueModel) {
        self.source = source
        self.draw = draw
        self.model = model
    }

    /// The routed prompts with the probabilities that so many rows of history give.
    mutating func table(rows: Int) throws(RoutingError) -> RouteTable {
        var columns: [[Double]] = []
        for index in source.models.indices { columns.append(try predictions(of: index, rows: rows)) }
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

    /// By query: P(success) of a model known by so many rows.
    mutating func predictions(
        of index: Int, rows: Int, relabel: (ContextSet) -> ContextSet? = { $0 }
    ) throws(RoutingError) -> [Double] {
        let history = draw.history[index].prefix(rows)
        let texts = history.map { source.prompts[$0.prompt] }
        let pairs = zip(texts, history).map { ContextSet.Row(text: $0, outcome: $1.outcome) }
        guard let context = ContextSet(pairs).flatMap(relabel) else {
            throw .outOfReach(
                what: "a history in rows", wanted: Double(rows), least: 0, most: Double(ContextSet.rowsMax))
        }
        let queries = try queries()
        do throws(ValueModelError) {
            let prepared = try model.prepare(context, features: try model.embed(texts))
            return try model.predict(queries, in: prepared).map { Double($0.p) }
        } catch {
            throw .model(source: source.name, error)
        }
    }

    private mutating func queries() throws(RoutingError) -> FeatureMatrix {
        if let queryFeatures { return queryFeatures }
        do throws(ValueModelError) {
            let features = try model.embed(draw.queries.map { source.prompts[$0] })
            queryFeatures = features
            return features
        } catch {
            throw .model(source: source.name, error)
        }
    }

    /// By model: mean reward over so many rows of its history.
    func meanRewards(rows: Int) -> [Double] {
        draw.history.map { history in
            let taken = history.prefix(rows)
            return taken.reduce(0) { $0 + $1.outcome.reward } / Double(max(taken.count, 1))
        }
    }

    /// `(P, M)`: what the ten nearest rows of each model's history say.
    mutating func neighbours(rows: Int, columns: Int) throws(RoutingError) -> [Double] {
        let queries = try queries()
        var scores = [Double](repeating: 0, count: queries.rows * source.models.count)
        for index in source.models.indices {
            let history = draw.history[index].prefix(rows)
            let features: FeatureMatrix
            do throws(ValueModelError) {
                features = try model.embed(history.map { source.prompts[$0.prompt] })
            } catch {
                throw .model(source: source.name, error)
            }
            let nearest = NearestNeighbours(
                features: features, rewards: history.map(\.outcome.reward), columns: columns)
            for (place, score) in nearest.predict(queries).enumerated() {
                scores[place * source.models.count + index] = score
            }
        }
        return scores
    }

    /// Area under the curve of the paper's labels, swept over fewer settings: each is a preparation of every context.
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
        // At the ends the labels say nothing of success, or nothing of cost: the weighted rule's settings stand there.
        for beta in [0.0, 1.0] { points.append(table.point(table.choices(.weighted(beta)), label: "cost_aware")) }
        guard let axis = RouteCurve.axis(of: table.singles), let curve = RouteCurve(points, axis: axis) else {
            throw .nothingToTrade(models: table.models.count)
        }
        return curve.area
    }

    /// Each model in turn as the new one, with few rows and with many, the others as in `table`.
    mutating func newcomers(_ table: RouteTable, few: Int, many: Int) throws(RoutingError) -> [RouteNewcomer] {
        var newcomers: [RouteNewcomer] = []
        for index in source.models.indices {
            let most = min(many, draw.history[index].count)
            let fewColumn = try predictions(of: index, rows: few)
            let manyColumn = try predictions(of: index, rows: most)
            // Without evidence a model is never chosen.
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
