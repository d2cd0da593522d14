import Scoring
import Tokenizers

/// Reads texts as the sequences of an encoder: the prompt before each text, the tokenizer, windows of long texts.
///
/// Every encoder that reads long texts in windows has one. A value may be used from any number of threads at once.
struct TextReader: Sendable {
    private let tokenizer: any Tokenizer
    private let windows: TextWindows
    private let prompt: String
    private let promptIDs: ArraySlice<Int32>

    /// `make` gives a tokenizer that reads as many tokens as it is asked for; `tokensMax` is the encoder's length, special
    /// tokens included. The template of the sequences is the tokenizer's. Throws as `make` does.
    init<Failure: Error>(
        tokensMax: Int, prompt: String = "", _ make: (Int) throws(Failure) -> any Tokenizer
    ) throws(Failure) {
        let short = try make(tokensMax)
        windows = TextWindows(tokensMax: tokensMax, template: short.template)
        self.prompt = prompt
        promptIDs = short.template.body(of: short.encode(prompt).ids)
        tokenizer = short.reading(windows.readMax(prompt: promptIDs.count))
    }

    /// Tokens of a text that fit beside the prompt into one window.
    var windowTokens: Int { windows.textTokens(prompt: promptIDs.count) }

    /// The sequences of texts, and which of them belong to which text.
    func read(_ texts: [String]) -> WindowedTexts {
        var read = WindowedTexts()
        for text in texts {
            let tokens = tokenizer.encode(prompt + text)
            read.append(
                windows.windows(of: tokens.ids, prompt: promptCount(tokens.ids)), isTruncated: tokens.isTruncated)
        }
        return read
    }

    /// How each text is read.
    func measure(_ texts: [String]) -> [TextMeasure] {
        texts.map { text in
            let read = tokenizer.encode(prompt + text)
            let ids = windows.template.body(of: read.ids).dropFirst(promptCount(read.ids))
            return TextMeasure(ids, unknown: tokenizer.unknownID, isTruncated: read.isTruncated)
        }
    }

    // The prompt's last token may join the text's first word, so only what is the same counts.
    private func promptCount(_ ids: [Int32]) -> Int {
        zip(promptIDs, ids.dropFirst(windows.template.before.count)).prefix { $0 == $1 }.count
    }
}

extension TextMeasure {
    /// Counts the ids of one text.
    init(_ ids: ArraySlice<Int32>, unknown: Int32?, isTruncated: Bool) {
        let unknownTokens = unknown.map { unknown in ids.count { $0 == unknown } } ?? 0
        self.init(tokens: ids.count, unknownTokens: unknownTokens, isTruncated: isTruncated)
    }
}
