package import Tokenizers

/// How a text beyond an encoder's length is read: in overlapping windows, whose vectors are pooled afterwards.
///
/// A window has the special tokens, the prompt and a part of the text, `tokensMax` tokens at most. Each starts an eighth
/// of a window before the end of the one before it. There are `countMax` windows at most; the rest of the text is cut. A
/// text that fits into one window is read as the reference reads it. Where windows start depends on the text alone.
///
/// Cost: an encoder's cost grows with the tokens of all windows; overlaps add up to an eighth. For MiniLM 1,815 tokens of
/// a text are read at most, in 8 windows of 256: eight times the cost of a text that is cut at 256.
package struct TextWindows: Sendable {
    /// Windows of one text at most.
    package static let countMax = 8
    /// Two windows share this part of a window: one divided by it.
    package static let overlapDivisor = 8
    /// To be part of an encoder's identity.
    package static let identity = "windows/1-\(countMax)-\(overlapDivisor)"

    /// Tokens of one window, special tokens included.
    package let tokensMax: Int
    /// Special tokens of every window.
    package let template: SequenceTemplate

    /// Lists the facts.
    package init(tokensMax: Int, template: SequenceTemplate) {
        self.tokensMax = tokensMax
        self.template = template
    }

    /// Tokens of prompt and text at most in one window.
    private var room: Int { max(0, tokensMax - template.count) }

    /// The longest sequence to ask a tokenizer for, special tokens included, when every window starts with a prompt of
    /// `prompt` tokens.
    package func readMax(prompt: Int) -> Int {
        let prompt = repeated(prompt)
        return tokensMax + (Self.countMax - 1) * step(prompt)
    }

    /// Tokens of a text that are read at once after a prompt of `prompt` tokens.
    package func textTokens(prompt: Int) -> Int { max(0, room - prompt) }

    /// A sequence of at most `readMax` tokens as windows, in order; `prompt` of its tokens are the prompt. One window has
    /// the sequence unchanged.
    package func windows(of ids: [Int32], prompt: Int) -> [[Int32]] {
        let body = template.body(of: ids)
        guard room > 0, body.count > room else { return [ids] }
        let prompt = repeated(prompt)
        let start = body.startIndex + prompt
        var windows: [[Int32]] = []
        var first = start
        while true {
            let end = min(first + room - prompt, body.endIndex)
            windows.append(template.ids(around: body[..<start] + body[first..<end]))
            if end == body.endIndex { return windows }
            first += step(prompt)
        }
    }

    // A prompt that would fill half of a window is read once, at the start of the first one.
    private func repeated(_ prompt: Int) -> Int { 2 * prompt <= room ? prompt : 0 }

    // Tokens of the text from the start of one window to the start of the next; 0 only where there is no room at all.
    private func step(_ prompt: Int) -> Int {
        let text = room - prompt
        return text - text / Self.overlapDivisor
    }
}
