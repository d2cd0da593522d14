/// One predictor's predictions for the queries of one context.
struct Answer {
    let predictor: Predictor
    /// By query: higher values are more likely to succeed; `nil` where there is no prediction.
    let ranking: [Double?]
    /// Whether the values of `ranking` are probabilities.
    let isProbability: Bool
    /// By query: concentrations; `nil` for a predictor without beliefs.
    let kappas: [Double]?

    /// Probabilities of all queries, with their concentrations if there are any.
    init(_ predictor: Predictor, probabilities: [Double], kappas: [Double]? = nil) {
        self.predictor = predictor
        ranking = probabilities
        isProbability = true
        self.kappas = kappas
    }

    /// A ranking of some queries.
    init(_ predictor: Predictor, ranking: [Double?]) {
        self.predictor = predictor
        self.ranking = ranking
        isProbability = false
        kappas = nil
    }
}
