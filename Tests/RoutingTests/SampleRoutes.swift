import Routing
import Scoring

/// Candidates and tables small enough to be worked out by hand.
enum SampleRoutes {
    static func candidate(
        _ model: Int, p: Float?, cost: Double, relative: Double? = nil, rows: Int = 256, costAware: Double? = nil,
        excluded: RouteCandidate.Exclusion? = nil
    ) -> RouteCandidate {
        RouteCandidate(
            model: model, prediction: p.flatMap { Prediction(p: $0, kappa: 8, pLo: $0, pHi: $0) }, historyRows: rows,
            cost: cost, relativeCost: relative ?? cost, costAwareScore: costAware, exclusion: excluded)
    }

    /// Two models at 0 and 1 dollar, four prompts. The dear one gains on the first two, by 0.8 and 0.4.
    static let table = RouteTable(
        models: ["cheap", "dear"], p: [0.1, 0.9, 0.5, 0.9, 0.9, 0.9, 0.2, 0.1], cost: [0, 1, 0, 1, 0, 1, 0, 1],
        rewards: [0, 1, 0, 1, 1, 1, 0, 0], costUnit: 1)
}
