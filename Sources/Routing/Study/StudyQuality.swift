internal import PredictionMetrics

/// How well the predictions of a table agree with its rewards.
struct StudyQuality {
    /// Mean over models of the AUC within the model's prompts; `nil` where no model has outcomes of both classes.
    let auc: Double?
    /// Expected calibration error over all models' predictions (15 bins of equal mass).
    let ece: Double
    /// Mean squared error of the same predictions.
    let brier: Double

    /// Throws `metric` naming the source.
    init(_ table: RouteTable, source: String) throws(RoutingError) {
        let rewards = table.rewards ?? []
        let count = table.models.count
        do {
            func scored(_ places: [Int]) throws(MetricError) -> ScoredQueries {
                try ScoredQueries(
                    context: source, promptIDs: places.map { "\($0)" }, predictions: places.map { table.p[$0] },
                    scores: places.map { rewards[$0] })
            }
            let all = try scored(Array(table.p.indices))
            var byModel: [ScoredQueries] = []
            for model in 0..<count {
                byModel.append(try scored(Array(stride(from: model, to: table.p.count, by: count))))
            }
            auc = EvaluationMetrics.intraContextAUC(byModel)?.mean
            ece = EvaluationMetrics.calibrationError([all]) ?? 0
            brier = EvaluationMetrics.brier([all]) ?? 0
        } catch {
            throw .metric(source: source, "\(error)")
        }
    }
}
