import Heads
import Scoring

extension InContextHead {
    /// Predicts for features alone.
    func predict(_ features: FeatureMatrix, in context: Context) throws(ValueModelError) -> [Prediction] {
        try predict(QuerySet(features: features), in: context)
    }
}
