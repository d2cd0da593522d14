public import ReferenceDraws
internal import Scoring

/// Options of an evaluation.
public struct EvaluationOptions: Sendable {
    /// Numbers of rows that profile a policy version, in rising order; fewer where it has fewer. A smaller context is
    /// the beginning of the larger one of the same seed, so sizes are compared on the same draws and queries.
    public let contextSizes: [Int]
    /// Independent draws of context rows. Each is a whole evaluation; their spread gives the standard error.
    public let seeds: Int
    /// Contexts with fewer queries than this of either class are skipped: their AUC would be mostly chance.
    public let classMin: Int
    /// Number of leading feature columns that are the encoder's unit embedding; `nil` omits the baselines that use
    /// them, `knn10` and `logistic`.
    public let embeddingColumns: Int?
    /// Range of the plans whose realised value is measured; `nil` makes no plans.
    public let budget: BudgetRange?
    /// The references that heads are given.
    public let references: References
    /// Sources known to the training of a head, so that known and new kinds can be averaged apart.
    public let known: KnownSources?
    /// Most policy versions of a source, drawn by a hash of their names; `nil` for all. References are drawn from all.
    public let policiesMax: Int?
    /// Texts per call of the model; progress is reported after each call.
    public let chunkTexts: Int

    /// Budgets of the plans that measure the value of beliefs.
    public struct BudgetRange: Hashable, Sendable, Codable {
        /// Mean rollouts per prompt.
        public let mean: Int
        /// Smallest budget of a prompt.
        public let minimum: Int
        /// Largest budget of a prompt.
        public let maximum: Int

        /// 8 rollouts in 4…32 by default. Throws `optionOutOfRange` unless 0 ≤ minimum ≤ mean ≤ maximum ≤ 1024.
        public init(mean: Int = 8, minimum: Int = 4, maximum: Int = 32) throws(EvaluationError) {
            let most = PlanLimits.rollouts.upperBound
            guard mean <= most else {
                throw .optionOutOfRange(name: "mean budget", value: mean, range: "0…\(most)")
            }
            guard minimum >= 0, minimum <= mean else {
                throw .optionOutOfRange(name: "smallest budget", value: minimum, range: "0…\(mean)")
            }
            guard maximum >= mean, maximum <= most else {
                throw .optionOutOfRange(name: "largest budget", value: maximum, range: "\(mean)…\(most)")
            }
            self.mean = mean
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    /// References for the heads.
    public struct References: Sendable {
        /// Every head is evaluated under every arm, on the same draws.
        public let arms: [ReferenceArm]
        /// Share of prompts on which outcomes of references are known.
        public let coverage: Double
        /// Outcomes for the arm `files`.
        public let files: ReferenceBank

        /// No references.
        public static let none = References()

        /// Arms count once. Precondition: `coverage` in (0, 1].
        public init(
            arms: [ReferenceArm] = [.none], coverage: Double = 1, files: ReferenceBank = ReferenceBank([])
        ) {
            precondition(coverage > 0 && coverage <= 1, "EvaluationOptions: coverage \(coverage)")
            var distinct: [ReferenceArm] = []
            for arm in arms where !distinct.contains(arm) { distinct.append(arm) }
            self.arms = distinct
            self.coverage = coverage
            self.files = files
        }
    }

    /// Sources known to training, and who says so.
    public struct KnownSources: Hashable, Sendable, Codable {
        /// Names of sources.
        public let sources: [String]
        /// For people: an option, or a head's file.
        public let statedBy: String

        /// Sources are sorted.
        public init(sources: [String], statedBy: String) {
            self.sources = sources.sorted()
            self.statedBy = statedBy
        }

        enum CodingKeys: String, CodingKey {
            case sources
            case statedBy = "stated_by"
        }
    }

    /// Throws `optionOutOfRange` naming an option that is not in its range.
    public init(
        contextSizes: [Int] = [256], seeds: Int = 3, classMin: Int = 5, embeddingColumns: Int? = nil,
        budget: BudgetRange? = nil, references: References = .none, known: KnownSources? = nil,
        policiesMax: Int? = nil, chunkTexts: Int = 256
    ) throws(EvaluationError) {
        let sizes = contextSizes.map { ("context size", $0, ContextSet.rowsMax) }
        for (name, value, high) in sizes + [
            ("number of context sizes", contextSizes.count, 1000), ("seeds", seeds, 1000),
            ("queries of each class", classMin, Int.max), ("policies", policiesMax ?? 1, Int.max),
            ("texts per chunk", chunkTexts, Int.max),
        ] where value < 1 || value > high {
            throw .optionOutOfRange(name: name, value: value, range: high == Int.max ? "1…" : "1…\(high)")
        }
        self.contextSizes = Set(contextSizes).sorted()
        self.seeds = seeds
        self.classMin = classMin
        self.embeddingColumns = embeddingColumns
        self.budget = budget
        self.references = references
        self.known = known
        self.policiesMax = policiesMax
        self.chunkTexts = chunkTexts
    }

    /// The largest context.
    var contextRows: Int { contextSizes.last ?? 1 }
}
