import PredictionMetrics
import Scoring
import Testing

/// Golden values: scikit-learn 1.9.1 `roc_auc_score`, `brier_score_loss`, `calibration_curve(strategy="quantile")` and
/// SciPy 1.17.1 `spearmanr` on the same numbers, drawn there by the same SplitMix64.
@Suite("Evaluation metrics")
struct EvaluationMetricsTests {
    /// Four contexts of 250, 500, 750 and 1000 queries with many ties, seed 20260203.
    static func goldenContexts() throws -> [ScoredQueries] {
        var generator = SeededGenerator(seed: 20_260_203)
        return try (0..<4).map { context in
            let level = 0.2 + 0.2 * Double(context)
            var predictions: [Double] = []
            var scores: [Double] = []
            for _ in 0..<250 * (context + 1) {
                let truth = generator.unit() * level * 1.25
                predictions.append((generator.unit() * 20 + truth * 40).rounded(.down) / 60)
                scores.append(Double((0..<8).count { _ in generator.unit() < truth }) / 8)
            }
            return try ScoredQueries(
                context: "policy@\(context)", promptIDs: predictions.indices.map { "q\($0)" },
                predictions: predictions, scores: scores, contextMean: level)
        }
    }

    @Test("ranking, calibration and residual metrics agree with scikit-learn and SciPy")
    func agreesWithReference() throws {
        let contexts = try Self.goldenContexts()
        let pooled = contexts.flatMap(\.predictions)
        let golden: [(String, Double?, Double)] = [
            ("AUC 0", EvaluationMetrics.auc(contexts[0]), 0.8074596774193548),
            ("AUC 1", EvaluationMetrics.auc(contexts[1]), 0.6898647940467456),
            ("AUC 2", EvaluationMetrics.auc(contexts[2]), 0.8389428801047745),
            ("AUC 3", EvaluationMetrics.auc(contexts[3]), 0.9061914202941922),
            ("intra-context", EvaluationMetrics.intraContextAUC(contexts)?.mean, 0.8106146929662668),
            ("its error", EvaluationMetrics.intraContextAUC(contexts)?.standardError, 0.04521051611207909),
            ("gAUC", EvaluationMetrics.groupAUC(contexts), 0.8328783587003938),
            ("Brier", EvaluationMetrics.brier(contexts), 0.039353277777777786),
            ("Spearman", EvaluationMetrics.spearman(pooled, contexts.flatMap(\.scores)), 0.746868953183148),
            ("shortcut", EvaluationMetrics.shortcutCorrelation(contexts), -0.23426316506072284),
            ("difficulty", EvaluationMetrics.difficultyCorrelation(contexts), 0.050579195864756274),
        ]
        var worst = 0.0
        for (name, found, expected) in golden {
            let error = abs(try #require(found, "\(name) is undefined") - expected)
            #expect(error < 1e-12, "\(name): \(found ?? .nan), expected \(expected)")
            worst = max(worst, error)
        }
        print("metrics against scikit-learn and SciPy: maximum error \(worst)")
    }

    @Test("calibration error of 15 equal-mass bins agrees with scikit-learn's quantile curve")
    func calibrationAgrees() throws {
        var generator = SeededGenerator(seed: 7)
        let predictions = (0..<1500).map { _ in generator.unit() }
        let scores = predictions.map { generator.unit() < $0 * $0 ? 1.0 : 0.0 }
        let queries = try ScoredQueries(
            context: "c", promptIDs: predictions.map { "\($0)" }, predictions: predictions, scores: scores)
        let error = abs(try #require(EvaluationMetrics.calibrationError([queries])) - 0.16821843563081598)
        let points = EvaluationMetrics.reliability([queries])
        #expect(error < 1e-12)
        #expect(points.count == 15)
        #expect(points.allSatisfy { $0.count == 100 })
        #expect(abs(points[0].prediction - 0.03458752) < 1e-8)
        #expect(abs(points[14].prediction - 0.9640771421786383) < 1e-12)
        #expect(points[1].score == 0.02)
        #expect(abs(try #require(EvaluationMetrics.auc(queries)) - 0.8745035986538825) < 1e-12)
        print("calibration error against scikit-learn: error \(error)")
    }

    @Test("AUC agrees with hand-computed values: ties count one half, one class is undefined")
    func aucByHand() {
        #expect(EvaluationMetrics.auc(predictions: [0.1, 0.4, 0.35, 0.8], labels: [false, false, true, true]) == 0.75)
        #expect(EvaluationMetrics.auc(predictions: [0.5, 0.5, 0.5], labels: [false, true, true]) == 0.5)
        #expect(EvaluationMetrics.auc(predictions: [0.2, 0.5, 0.5], labels: [false, true, false]) == 0.75)
        #expect(EvaluationMetrics.auc(predictions: [0.2, 0.5], labels: [true, true]) == nil)
        #expect(EvaluationMetrics.auc(predictions: [], labels: []) == nil)
    }

    @Test("AUC is the share of correctly ordered pairs")
    func aucIsShareOfPairs() throws {
        for seed in UInt64(0)..<50 {
            var generator = SeededGenerator(seed: seed)
            let predictions = (0..<40).map { _ in (generator.unit() * 8).rounded(.down) / 8 }
            let labels = predictions.map { generator.unit() < 0.2 + $0 / 2 }
            var won = 0.0
            var pairs = 0.0
            for (p, isPositive) in zip(predictions, labels) where isPositive {
                for (q, other) in zip(predictions, labels) where !other {
                    won += p > q ? 1 : p == q ? 0.5 : 0
                    pairs += 1
                }
            }
            let found = EvaluationMetrics.auc(predictions: predictions, labels: labels)
            #expect(pairs == 0 ? found == nil : abs(try #require(found) - won / pairs) < 1e-12, "seed \(seed)")
        }
    }

    @Test("contexts of one class are left out of the means and of their counts")
    func oneClassContexts() throws {
        let mixed = try ScoredQueries(
            context: "a", promptIDs: ["1", "2"], predictions: [0.2, 0.9], scores: [0, 1])
        let single = try ScoredQueries(
            context: "b", promptIDs: ["1", "2", "3"], predictions: [0.2, 0.9, 0.4], scores: [1, 1, 0.5])
        let both = try #require(EvaluationMetrics.intraContextAUC([mixed, single]))
        #expect(both.mean == 1)
        #expect(both.count == 1)
        #expect(both.standardError == nil)
        #expect(EvaluationMetrics.groupAUC([mixed, single]) == 1)
        #expect(EvaluationMetrics.groupAUC([single]) == nil)
        #expect(EvaluationMetrics.intraContextAUC([single])?.mean == nil)
    }

    @Test("the reliability diagram keeps equal predictions together and ignores the order of queries")
    func reliabilityTies() throws {
        let constant = try ScoredQueries(
            context: "a", promptIDs: (0..<40).map(String.init), predictions: .init(repeating: 0.25, count: 40),
            scores: (0..<40).map { $0 < 20 ? 1 : 0 })
        #expect(EvaluationMetrics.reliability([constant]) == [.init(prediction: 0.25, score: 0.5, count: 40)])
        #expect(EvaluationMetrics.calibrationError([constant]) == 0.25)
        #expect(EvaluationMetrics.calibrationError([]) == nil)
        #expect(EvaluationMetrics.brier([]) == nil)

        let contexts = try Self.goldenContexts()
        let points = EvaluationMetrics.reliability(contexts)
        #expect(EvaluationMetrics.reliability(contexts.reversed()) == points)
        #expect(points.reduce(0) { $0 + $1.count } == 2500)
        #expect(points.count <= 15)
        #expect(zip(points, points.dropFirst()).allSatisfy { $0.prediction < $1.prediction })
    }

    @Test("rank correlation and residual tests are undefined where one side is constant")
    func undefinedCorrelations() throws {
        #expect(EvaluationMetrics.spearman([1, 2, 3], [2, 2, 2]) == nil)
        #expect(EvaluationMetrics.spearman([1], [2]) == nil)
        #expect(EvaluationMetrics.spearman([1, 2, 3], [10, 100, 1000]) == 1)
        #expect(EvaluationMetrics.spearman([1, 2, 3], [3, 2, 1]) == -1)
        let single = try ScoredQueries(context: "a", promptIDs: ["1", "2"], predictions: [0.1, 0.2], scores: [0, 1])
        #expect(EvaluationMetrics.shortcutCorrelation([single]) == nil)
        #expect(EvaluationMetrics.difficultyCorrelation([single]) == nil)
    }

    @Test("a good model passes both residual tests, and a model that knows only the policy's level fails both")
    func residualTestsDetect() throws {
        var generator = SeededGenerator(seed: 11)
        let difficulties = (0..<300).map { _ in generator.unit() * 0.6 }
        func contexts(_ predict: (_ level: Double, _ difficulty: Double) -> Double) throws -> [ScoredQueries] {
            try (0..<5).map { policy in
                let level = 0.1 * Double(policy)
                return try ScoredQueries(
                    context: "\(policy)", promptIDs: difficulties.indices.map(String.init),
                    predictions: difficulties.map { predict(level, $0) },
                    scores: difficulties.map { generator.unit() < level + $0 ? 1 : 0 }, contextMean: 0.3 + level)
            }
        }
        let knowing = try contexts { $0 + $1 }
        let shortcut = try contexts { 1.8 * $0 + 0.1 * ($1 - 0.3) + 0.1 }
        #expect(abs(try #require(EvaluationMetrics.shortcutCorrelation(knowing))) < 0.1)
        #expect(abs(try #require(EvaluationMetrics.difficultyCorrelation(knowing))) < 0.1)
        #expect(try #require(EvaluationMetrics.shortcutCorrelation(shortcut)) > 0.15)
        #expect(try #require(EvaluationMetrics.difficultyCorrelation(shortcut)) < -0.15)
    }

    @Test("values outside [0, 1] and lists of different lengths are rejected by name")
    func rejections() {
        #expect(throws: MetricError.countMismatch(list: "scores of context a", expected: 1, found: 2)) {
            try ScoredQueries(context: "a", promptIDs: ["1"], predictions: [0.5], scores: [0, 1])
        }
        #expect(throws: MetricError.probabilityOutOfRange(promptID: "2", value: 1.5)) {
            try ScoredQueries(context: "a", promptIDs: ["1", "2"], predictions: [0.5, 1.5], scores: [0, 1])
        }
        #expect(throws: MetricError.scoreOutOfRange(context: "a", index: 1, value: -1)) {
            try ScoredQueries(context: "a", promptIDs: ["1", "2"], predictions: [0.5, 0.5], scores: [0, -1])
        }
        #expect(throws: MetricError.self) {
            try ScoredQueries(context: "a", promptIDs: ["1"], predictions: [.nan], scores: [0])
        }
    }
}
