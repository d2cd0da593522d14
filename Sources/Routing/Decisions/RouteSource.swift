public import Scoring

/// What several models did on the same prompts: what routing is measured on.
public struct RouteSource: Sendable {
    /// Name in reports.
    public let name: String
    /// Texts, in any order.
    public let prompts: [String]
    /// The models, in the fleet's order.
    public let models: [Model]
    /// Dollars that count as relative cost 1.
    public let costUnit: Double

    /// A model with its outcomes.
    public struct Model: Sendable {
        /// Name in reports.
        public let name: String
        /// By prompt: dollars that a request is expected to take.
        public let cost: [Double]
        /// Outcomes, at most one a prompt.
        public let rows: [Row]

        /// A model with its outcomes. Precondition of `RouteSource`: one cost a prompt.
        public init(name: String, cost: [Double], rows: [Row]) {
            self.name = name
            self.cost = cost
            self.rows = rows
        }
    }

    /// What a model came to on a prompt.
    public struct Row: Hashable, Sendable {
        /// Index in `prompts`.
        public let prompt: Int
        /// What came out.
        public let outcome: Outcome
        /// Dollars that were paid; `nil` where the files do not say.
        public let paid: Double?
        /// Whether it may profile the model (`true`), is to be routed (`false`), or is put on a side by the seed.
        public let isHistory: Bool?

        /// An outcome with its role.
        public init(prompt: Int, outcome: Outcome, paid: Double? = nil, isHistory: Bool? = nil) {
            self.prompt = prompt
            self.outcome = outcome
            self.paid = paid
            self.isHistory = isHistory
        }
    }

    /// Describes a source. Precondition: a cost for every prompt and model.
    public init(name: String, prompts: [String], models: [Model], costUnit: Double) {
        precondition(
            models.allSatisfy { $0.cost.count == prompts.count },
            "RouteSource \(name): \(prompts.count) prompts, costs for \(models.map(\.cost.count))")
        self.name = name
        self.prompts = prompts
        self.models = models
        self.costUnit = costUnit
    }
}

/// One draw of a source: whose rows profile each model, and which prompts are routed.
struct RouteDraw {
    /// By model: its rows that may profile it, in the order in which they are taken. None has a routed prompt's text.
    let history: [[RouteSource.Row]]
    /// Prompts on which every model has an outcome to be routed by.
    let queries: [Int]

    /// Draws by ranking prompts with a key made of the seed and the digest of the text, so models that met the same
    /// prompts are profiled on the same ones, and a shorter history is the beginning of a longer one.
    /// Rows without a role: the seed puts each text on one side, half and half.
    init(_ source: RouteSource, seed: Int) {
        let digests = source.prompts.map { Digest(of: $0) }
        let start = SeededGenerator.mixed(UInt64(bitPattern: Int64(seed)))
        let keys = digests.map { SeededGenerator.mixed($0.leading ^ start) }
        let sides = digests.map { SeededGenerator.mixed($0.second ^ start) & 1 == 0 }
        let isHistory = { (row: RouteSource.Row) in row.isHistory ?? sides[row.prompt] }
        var asked: Set<Int>?
        for model in source.models {
            let queries = Set(model.rows.lazy.filter { !isHistory($0) }.map(\.prompt))
            asked = asked?.intersection(queries) ?? queries
        }
        let queries = (asked ?? []).sorted { (keys[$0], $0) < (keys[$1], $1) }
        let routed = Set(queries.map { digests[$0] })
        self.queries = queries
        history = source.models.map { model in
            model.rows.filter { isHistory($0) && !routed.contains(digests[$0.prompt]) }
                .sorted { (keys[$0.prompt], $0.prompt) < (keys[$1.prompt], $1.prompt) }
        }
    }
}
