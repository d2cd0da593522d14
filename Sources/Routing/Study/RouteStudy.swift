public import Scoring

/// Computes the report of `statezero route evaluate`: how well a fleet is routed on unseen prompts.
///
/// For each source and seed: draw a history for every model, let the value model prepare it, predict every routed
/// prompt for every model, sweep the rule, and measure the curve together with its baselines.
public struct RouteStudy {
    /// Options of a study.
    public struct Options: Sendable {
        /// Rows of history per model.
        public var historyRows = 256
        /// Independent draws of the histories.
        public var seeds = 5
        /// Number of leading feature columns that are an embedding; `nil` omits nearest neighbours.
        public var embeddingColumns: Int?
        /// Resamples of the routed prompts for intervals; 0 omits the intervals.
        public var resamples = 200
        /// Few and many rows of history of a model that is new to its fleet; `nil` omits that part.
        public var newcomerRows: (few: Int, many: Int)?
        /// Whether to sweep the paper's cost-aware labels too; each setting needs a preparation of every context.
        public var withCostAwareLabels = false
        /// Kinds of references that are compared with none.
        public var references: [RouteReferences] = []
        /// Rows of each other model's history that are references.
        public var referenceRows = 256
        /// 256 rows, five seeds.
        public init() {}
    }

    private let model: any ValueModel
    private let options: Options

    /// A study of `model`; call it on the thread that made the model.
    public init(model: any ValueModel, options: Options) {
        self.model = model
        self.options = options
    }

    /// Studies one source. Throws `nothingToTrade` where there are fewer than two models or all cost the same,
    /// `noDecisions` where no prompt has an outcome of every model, and `model` where the value model fails.
    ///
    /// Cost: one embedding per text used; per seed and model one preparation and P predictions.
    public func study(
        _ source: RouteSource, progress: (String) -> Void = { _ in }
    ) throws(RoutingError) -> RouteStudyResult {
        guard source.models.count > 1 else { throw .nothingToTrade(models: source.models.count) }
        var seeds: [RouteStudySeed] = []
        var tables: [StudyTables] = []
        var compared = options.references.map { ComparedReferences(references: $0) }
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
            for place in compared.indices {
                try add(seed, to: &compared[place], draw: draw, table: table, work: &work, progress)
            }
        }
        return RouteStudyResult(
            source: source.name, models: source.models.map(\.name), prompts: tables[0].table.prompts,
            historyRows: options.historyRows, seeds: seeds,
            differences: try RouteDifferences(seeds: seeds, tables: tables, resamples: options.resamples),
            curves: try RouteStudyCurves(tables[0]),
            references: try references(compared, without: tables.map(\.table), source: source.name))
    }

    /// Tables and newcomers with one kind of references, by seed.
    private struct ComparedReferences {
        let references: RouteReferences
        var tables: [RouteTable] = []
        var newcomers: [[RouteNewcomer]] = []
    }

    private func add(
        _ seed: Int, to compared: inout ComparedReferences, draw: RouteDraw, table: RouteTable, work: inout StudyWork,
        _ progress: (String) -> Void
    ) throws(RoutingError) {
        let drawn = StudyReferences(
            compared.references, of: work.source, draw: draw, rows: options.referenceRows, seed: seed)
        guard let drawn else {
            return progress(
                "\(work.source.name): \(compared.references) left out, too few policies outside the fleet have outcomes on"
                    + " the routed prompts")
        }
        let known = try work.table(rows: options.historyRows, references: drawn)
        compared.tables.append(known)
        guard let (few, many) = options.newcomerRows else { return }
        compared.newcomers.append(try work.newcomers(known, few: few, many: many, references: drawn))
    }

    private func references(
        _ compared: [ComparedReferences], without: [RouteTable], source: String
    ) throws(RoutingError) -> [RouteReferenceResult] {
        var results: [RouteReferenceResult] = []
        // What lacks policies lacks them at one seed as at all, unless the seeds split the prompts.
        for entry in compared where entry.tables.count == without.count {
            results.append(
                try RouteReferenceResult(
                    entry.references, tables: entry.tables, without: without, newcomers: entry.newcomers,
                    source: source, resamples: options.resamples))
        }
        return results
    }
}
