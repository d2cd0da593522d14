/// Metrics of a sweep, as routers are usually reported (RouteLLM's APGR and CPT, LLMRouterBench's gap to the oracle).
public struct RouteMetrics: Hashable, Sendable, Codable {
    /// Area under quality against cost, from the cheapest to the most expensive model (`RouteCurve.area`).
    public let area: Double
    /// The same for a random mixture of the cheapest and the most expensive model.
    public let areaRandom: Double
    /// The same for the best single model within each budget, in hindsight.
    public let areaBestSingle: Double
    /// The same for the best random mixture of single models, in hindsight.
    public let areaHull: Double
    /// The same for decisions that know the rewards; `nil` without outcomes.
    public let areaOracle: Double?
    /// `areaOracle` − `area`: the distance to the oracle.
    public let oracleDistance: Double?
    /// Share of the oracle's gain over the random line: 0 is random, 1 is the oracle.
    public let oracleShare: Double?
    /// Mean share of the gap between the cheapest and the best single model that is recovered, over the cost axis;
    /// `nil` if the cheapest is the best.
    public let apgr: Double?
    /// Position on the cost axis at which half of that gap is recovered; `nil` if it never is.
    public let cpt50: Double?
    /// The same for 80 % of the gap.
    public let cpt80: Double?
    /// Best quality of any setting.
    public let peak: Double
    /// Quality of the best single model at any cost.
    public let bestSingle: Double
    /// Quality of the cheapest single model.
    public let cheapest: Double

    /// Measures a sweep.
    public init(_ sweep: RouteSweep) {
        let ranked = sweep.singles.sorted { ($0.cost, -$0.quality) < ($1.cost, -$1.quality) }
        let cheapest = ranked.first?.quality ?? 0
        let best = ranked.map(\.quality).max() ?? 0
        let area = sweep.curve.area
        let areaRandom = sweep.randomLine?.area ?? 0
        let areaOracle = sweep.oracle?.area
        let gap = best - cheapest
        self.area = area
        self.areaRandom = areaRandom
        areaBestSingle = sweep.bestSingleArea
        areaHull = sweep.singlesHull?.area ?? 0
        self.areaOracle = areaOracle
        oracleDistance = areaOracle.map { $0 - area }
        oracleShare = areaOracle.flatMap { $0 > areaRandom ? (area - areaRandom) / ($0 - areaRandom) : nil }
        apgr = gap > 0 ? (area - cheapest) / gap : nil
        cpt50 = gap > 0 ? sweep.curve.place(reaching: cheapest + gap * 0.5) : nil
        cpt80 = gap > 0 ? sweep.curve.place(reaching: cheapest + gap * 0.8) : nil
        peak = sweep.curve.peak
        bestSingle = best
        self.cheapest = cheapest
    }
}
