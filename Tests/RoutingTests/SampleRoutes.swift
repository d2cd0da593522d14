import Routing
import Scoring

/// Candidates, tables and sources that are small enough to compute by hand.
enum SampleRoutes {
    static func candidate(
        _ model: Int, p: Float?, cost: Double, relative: Double? = nil, rows: Int = 256, costAware: Double? = nil,
        excluded: RouteCandidate.Exclusion? = nil
    ) -> RouteCandidate {
        RouteCandidate(
            model: model, prediction: p.flatMap { Prediction(p: $0, kappa: 8, pLo: $0, pHi: $0) }, historyRows: rows,
            cost: cost, relativeCost: relative ?? cost, costAwareScore: costAware, exclusion: excluded)
    }

    /// Two models at 0 and 1 dollar, four prompts. The large one is better on the first two, by 0.8 and 0.4.
    static let table = RouteTable(
        models: ["cheap", "large"], p: [0.1, 0.9, 0.5, 0.9, 0.9, 0.9, 0.2, 0.1], cost: [0, 1, 0, 1, 0, 1, 0, 1],
        rewards: [0, 1, 0, 1, 1, 1, 0, 0], costUnit: 1)

    /// Half of the prompts are hard. The cheap model is correct on the easy ones only, the large one on all. With roles
    /// the first half of the prompts is history.
    static func kinds(prompts: Int = 200, roles: Bool = true) -> RouteSource {
        let texts = (0..<prompts).map { "\($0 % 2 == 1 ? "hard" : "easy") prompt \($0)" }
        func rows(_ reward: (Int) -> Double) -> [RouteSource.Row] {
            (0..<prompts).compactMap { prompt in
                Outcome(reward: reward(prompt)).map {
                    RouteSource.Row(prompt: prompt, outcome: $0, isHistory: roles ? prompt < prompts / 2 : nil)
                }
            }
        }
        return RouteSource(
            name: "sample", prompts: texts,
            models: [
                .init(name: "cheap", cost: texts.map { _ in 0 }, rows: rows { $0 % 2 == 1 ? 0 : 1 }),
                .init(name: "large", cost: texts.map { _ in 1 }, rows: rows { _ in 1 }),
            ], costUnit: 1)
    }
}
