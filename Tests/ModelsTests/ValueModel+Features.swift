import Scoring

extension ValueModel {
    /// Predicts for features alone.
    func predict(_ features: FeatureMatrix, in context: any PreparedContext) throws(ValueModelError) -> [Prediction] {
        try predict(QuerySet(features: features), in: context)
    }
}
