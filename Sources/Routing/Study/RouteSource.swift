public import Scoring

/// Outcomes of several models on the same prompts. Routing is measured on it.
public struct RouteSource: Sendable {
    /// Name in reports.
    public let name: String
    /// Texts of the prompts, in any order.
    public let prompts: [String]
    /// The models, in the fleet's order.
    public let models: [Model]
    /// US dollars that count as relative cost 1.
    public let costUnit: Double
    /// Policies that are not routed to, with outcomes on the same prompts.
    public let outside: [Outside]

    /// A policy outside the fleet with its outcomes.
    public struct Outside: Sendable {
        /// The policy at its version.
        public let policy: Policy
        /// Outcomes, at most one per prompt.
        public let rows: [Row]

        /// A policy with its outcomes.
        public init(policy: Policy, rows: [Row]) {
            self.policy = policy
            self.rows = rows
        }
    }

    /// A model with its outcomes.
    public struct Model: Sendable {
        /// Name in reports.
        public let name: String
        /// By prompt: expected cost of a request, in US dollars.
        public let cost: [Double]
        /// Outcomes, at most one per prompt.
        public let rows: [Row]

        /// A model with its outcomes. `RouteSource` requires one cost per prompt.
        public init(name: String, cost: [Double], rows: [Row]) {
            self.name = name
            self.cost = cost
            self.rows = rows
        }
    }

    /// The outcome of a model on a prompt.
    public struct Row: Hashable, Sendable {
        /// Index in `prompts`.
        public let prompt: Int
        /// The outcome.
        public let outcome: Outcome
        /// US dollars paid; `nil` where the files do not say.
        public let paid: Double?
        /// Whether the row may profile the model (`true`) or is to be routed (`false`); `nil` lets the seed decide.
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
    public init(name: String, prompts: [String], models: [Model], costUnit: Double, outside: [Outside] = []) {
        precondition(
            models.allSatisfy { $0.cost.count == prompts.count },
            "RouteSource \(name): \(prompts.count) prompts, costs for \(models.map(\.cost.count))")
        self.name = name
        self.prompts = prompts
        self.models = models
        self.costUnit = costUnit
        self.outside = outside
    }
}
