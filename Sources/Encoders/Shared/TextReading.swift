package import Scoring

/// How an encoder reads texts, without its network: what `TextEncoder.measure` says, for the price of a tokenizer.
package struct TextReading: Sendable {
    /// The model's name, for people.
    package let name: String
    /// As in `EncoderFacts`.
    package let windowTokens: Int?
    private let count: @Sendable ([String]) -> [TextMeasure]

    /// `count` says how each text is read.
    init(name: String, windowTokens: Int?, _ count: @escaping @Sendable ([String]) -> [TextMeasure]) {
        (self.name, self.windowTokens, self.count) = (name, windowTokens, count)
    }

    /// The reading of an encoder that reads long texts in windows.
    init(name: String, _ reader: TextReader) {
        self.init(name: name, windowTokens: reader.windowTokens) { reader.measure($0) }
    }

    /// How each text is read. Cost: the tokenizer's.
    package func measure(_ texts: [String]) -> [TextMeasure] { count(texts) }
}
