import Scoring

/// The router's area minus each baseline's: over draws of the histories, and over draws of the prompts.
public struct RouteDifferences: Sendable, Codable {
    /// Minus that of the random mixture of the cheapest and the most expensive model.
    public let random: Difference
    /// Minus that of the best single model within each budget, in hindsight.
    public let bestSingle: Difference
    /// Minus that of the best single model within each budget, chosen by the histories alone.
    public let knownSingle: Difference
    /// Minus that of the best random mixture of single models, in hindsight.
    public let hull: Difference
    /// Minus that of nearest neighbours; `nil` without an embedding.
    public let neighbours: Difference?

    /// A difference with its intervals.
    public struct Difference: Hashable, Sendable, Codable {
        /// Mean over seeds with its interval: the variation of the histories.
        public let seeds: Interval
        /// Lower end of the central 95 % over resampled prompts: the variation of the prompts. `nil` if not requested.
        public let promptsLow: Double?
        /// Its upper end.
        public let promptsHigh: Double?

        /// `values` by seed, `samples` by resample of the prompts. Throws `noDecisions` without a seed.
        init(_ values: [Double], samples: [Double]) throws(RoutingError) {
            guard let interval = Interval(values) else { throw .noDecisions(path: "a study without seeds") }
            let sorted = samples.sorted()
            let at = { (share: Double) in
                sorted.isEmpty ? nil : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
            }
            seeds = interval
            promptsLow = at(0.025)
            promptsHigh = at(0.975)
        }
    }

    /// Compares the seeds of a study. Cost: `resamples` sweeps per seed and router.
    init(seeds: [RouteStudySeed], tables: [StudyTables], resamples: Int) throws(RoutingError) {
        let samples = try Self.samples(prompts: tables.map(\.table.prompts), count: resamples) {
            (seed, rows) throws(RoutingError) in
            try Self.differences(Self.selecting(rows, of: tables[seed]))
        }
        func difference(_ place: Int, _ values: [Double]) throws(RoutingError) -> Difference {
            try Difference(values, samples: samples.map { $0[place] })
        }
        random = try difference(0, seeds.map { $0.router.area - $0.router.areaRandom })
        bestSingle = try difference(1, seeds.map { $0.router.area - $0.router.areaBestSingle })
        hull = try difference(2, seeds.map { $0.router.area - $0.router.areaHull })
        knownSingle = try difference(4, seeds.map { $0.router.area - $0.areaKnownSingle })
        let others = seeds.compactMap { seed in seed.neighbours.map { seed.router.area - $0.area } }
        neighbours = others.isEmpty ? nil : try difference(3, others)
    }

    /// By resample: the mean of figures over seeds. `prompts` is by seed.
    ///
    /// If the files state which prompts are routed, they are the same at every seed, and one resample is used for all.
    static func samples(
        prompts: [Int], count: Int, figures: (_ seed: Int, _ rows: [Int]) throws(RoutingError) -> [Double]
    ) throws(RoutingError) -> [[Double]] {
        var samples: [[Double]] = []
        var generator = SeededGenerator(seed: 20_260_203)
        for _ in 0..<count {
            var sums: [Double] = []
            let start = generator.next()
            for (seed, prompts) in prompts.enumerated() {
                var draw = SeededGenerator(seed: start)
                let rows = (0..<prompts).map { _ in
                    Int(draw.next().multipliedFullWidth(by: UInt64(prompts)).high)
                }
                let values = try figures(seed, rows)
                if sums.isEmpty { sums = Array(repeating: 0, count: values.count) }
                for (place, value) in values.enumerated() { sums[place] += value }
            }
            samples.append(sums.map { $0 / Double(prompts.count) })
        }
        return samples
    }

    private static func differences(_ set: StudyTables) throws(RoutingError) -> [Double] {
        let sweep = try RouteSweep(set.table, withOracle: false)
        let area = sweep.curve.area
        var other: Double?
        if let scores = set.neighbours {
            other = try RouteSweep(set.table, scores: scores, withOracle: false).curve.area
        }
        return [
            area - (sweep.randomLine?.area ?? 0), area - sweep.bestSingleArea, area - (sweep.singlesHull?.area ?? 0),
            area - (other ?? area), area - sweep.bestSingleArea(knownBy: set.known),
        ]
    }

    private static func selecting(_ rows: [Int], of set: StudyTables) -> StudyTables {
        let count = set.table.models.count
        return StudyTables(
            table: set.table.selecting(rows),
            neighbours: set.neighbours.map { scores in rows.flatMap { scores[$0 * count..<($0 + 1) * count] } },
            known: set.known)
    }
}
