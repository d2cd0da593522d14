import CommandSupport
import Scoring

/// The model in this process, with a prepared context: the baseline for the latency of a cluster.
struct DirectCalls {
    private let model: any ValueModel
    private let context: any PreparedContext
    private let clock = ContinuousClock()

    init(_ model: any ValueModel, context: ContextSet) throws {
        self.model = model
        self.context = try model.prepare(context, features: try model.embed(context.texts))
    }

    /// Seconds from texts to their predictions.
    func seconds(for texts: [String]) throws -> Double {
        let start = clock.now
        let predictions = try model.predict(QuerySet(texts: texts, features: try model.embed(texts)), in: context)
        let seconds = (clock.now - start) / .seconds(1)
        guard predictions.count == texts.count else {
            throw CommandFailure("the model gave \(predictions.count) predictions for \(texts.count) texts")
        }
        return seconds
    }
}

/// Texts of random words, all different.
struct RandomTexts {
    private let bytes: Int
    private var generator: SeededGenerator
    private static let words = [
        "how", "many", "of", "the", "numbers", "are", "prime", "and", "find", "sum", "if", "each", "train", "leaves",
        "prove", "that", "a", "circle", "with", "two", "apples", "then", "what", "is",
    ]

    /// Texts of `bytes` bytes; each series is another sequence.
    init(bytes: Int, series: Int) {
        self.bytes = bytes
        generator = SeededGenerator(seed: UInt64(series))
    }

    mutating func next(_ count: Int) -> [String] {
        (0..<count).map { _ in
            var text = "\(generator.next() % 1_000_000)"
            while text.utf8.count < bytes {
                text += " " + Self.words[Int(generator.next() % UInt64(Self.words.count))]
            }
            return String(decoding: Array(text.utf8.prefix(max(bytes, 1))), as: UTF8.self)
        }
    }
}
