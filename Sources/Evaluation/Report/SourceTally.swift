/// Scores of all predictors on one source at one context size.
struct SizeTally {
    let size: Int
    private(set) var predictors: [PredictorTally] = []

    init(size: Int) { self.size = size }

    mutating func add(_ scores: [(predictor: Predictor, score: ContextScore)], source: String) {
        for (predictor, score) in scores {
            let place = predictors.firstIndex { $0.predictor == predictor } ?? predictors.count
            if place == predictors.count { predictors.append(PredictorTally(source: source, predictor: predictor)) }
            predictors[place].add(score)
        }
    }

    /// One predictor's tally.
    func tally(of name: String) -> PredictorTally? { predictors.first { $0.predictor.name == name } }
}

/// Scores and skipped contexts of one source.
struct SourceTally {
    let source: String
    /// By size, in rising order.
    var sizes: [SizeTally]
    private(set) var skipped: [String: Int] = [:]

    init(source: String, sizes: [Int]) {
        self.source = source
        self.sizes = sizes.map { SizeTally(size: $0) }
    }

    mutating func skip(_ reason: String) { skipped[reason, default: 0] += 1 }
}
