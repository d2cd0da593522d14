/// Divides texts into requests: neighbours, within a number of texts and of estimated tokens.
package enum RequestBatches {
    /// Tokens of a text, as an estimate: a third of its bytes, which is high for English and about right for Chinese.
    package static func tokens(of text: String) -> Int { text.utf8.count / 3 + 1 }

    /// Ranges that cover all texts in order. A text over the limit is a request of its own.
    package static func plan(_ texts: [String], rowsMax: Int, tokensMax: Int) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var (first, sum) = (0, 0)
        for (index, text) in texts.enumerated() {
            let tokens = tokens(of: text)
            if index > first, index - first >= rowsMax || sum + tokens > tokensMax {
                batches.append(first..<index)
                (first, sum) = (index, 0)
            }
            sum += tokens
        }
        if first < texts.count { batches.append(first..<texts.count) }
        return batches
    }
}
