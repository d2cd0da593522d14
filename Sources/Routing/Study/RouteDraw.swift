internal import Scoring

/// One draw of a source: the rows that profile each model, and the prompts that are routed.
struct RouteDraw {
    /// By model: the rows that may profile it, in the order of the draw. None has the text of a routed prompt.
    let history: [[RouteSource.Row]]
    /// Prompts on which every model has an outcome to be routed by.
    let queries: [Int]

    /// Draws by ranking prompts by `DrawKey`. So models with outcomes on the same prompts are profiled on the same
    /// prompts, and a shorter history is the beginning of a longer one.
    ///
    /// Rows without a role: each half of the texts has one role, decided by the seed.
    init(_ source: RouteSource, seed: Int) {
        let keys = source.prompts.map { DrawKey(Digest(of: $0)) }
        let ranks = keys.map { $0.rank(seed: seed) }
        let sides = keys.map { $0.isFirstHalf(seed: seed) }
        let isHistory = { (row: RouteSource.Row) in row.isHistory ?? sides[row.prompt] }
        var common: Set<Int>?
        for model in source.models {
            let queries = Set(model.rows.lazy.filter { !isHistory($0) }.map(\.prompt))
            common = common?.intersection(queries) ?? queries
        }
        let queries = (common ?? []).sorted { (ranks[$0], $0) < (ranks[$1], $1) }
        let routed = Set(queries.map { keys[$0].digest })
        self.queries = queries
        history = source.models.map { model in
            model.rows.filter { isHistory($0) && !routed.contains(keys[$0.prompt].digest) }
                .sorted { (ranks[$0.prompt], $0.prompt) < (ranks[$1.prompt], $1.prompt) }
        }
    }
}
