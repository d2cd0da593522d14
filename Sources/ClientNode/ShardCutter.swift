import Corpora
import Scoring
import Wire

/// Cuts a corpus into shards: in corpus order, by rows and by estimated tokens.
///
/// Shards depend on the corpus and these two numbers only, never on who is there to work; so do the answers. They are
/// not sorted by length: batches are ragged, so a shard's time follows its tokens whatever their order.
package struct ShardCutter {
    /// A line of the input and what becomes of it.
    enum Line {
        /// Sent to a worker; the shard's next answer is its.
        case row(id: String, hasDerivedID: Bool, file: String, line: Int)
        /// Answered with an error at once.
        case rejected(RowError)
    }

    /// A run of lines, and the texts among them.
    struct Shard {
        let lines: [Line]
        let texts: TextBlock
        let tokens: Int

        /// Equal for equal texts; leads a shard to the worker that has seen it before.
        var affinity: UInt64 { Digest(of: texts.bytes.array).leading }
    }

    /// Rows of a shard at most: some seconds of work for one core, and an answer of 5 kB.
    package static let rowsMax = 256
    /// Estimated tokens of a shard at most, unless one row alone has more.
    static let tokensMax = 16_384
    /// Lines without a single good row that are kept together at most, so that a broken file stays bounded too.
    static let linesMax = 8_192

    private var corpus: PromptCorpus
    private var held: PromptRow?

    init(_ corpus: PromptCorpus) {
        self.corpus = corpus
    }

    /// The files, once the corpus has been read to its end.
    var files: [InputFile] { corpus.files }

    /// The next shard; `nil` at the end. One without texts has rejected lines only.
    mutating func next() throws(CorporaError) -> Shard? {
        var lines: [Line] = []
        var texts: [String] = []
        var tokens = 0
        while texts.count < Self.rowsMax, lines.count < Self.linesMax {
            guard let row = try take(&lines) else { break }
            let more = TokenEstimate.encoded(bytes: row.prompt.text.utf8.count)
            if !texts.isEmpty, tokens + more > Self.tokensMax {
                held = row
                break
            }
            tokens += more
            texts.append(row.prompt.text)
            lines.append(.row(id: row.prompt.id, hasDerivedID: row.hasDerivedID, file: row.file, line: row.line))
        }
        return lines.isEmpty ? nil : Shard(lines: lines, texts: TextBlock(texts), tokens: tokens)
    }

    /// The next good row; rejected lines before it are added to `lines`.
    private mutating func take(_ lines: inout [Line]) throws(CorporaError) -> PromptRow? {
        if let row = held {
            held = nil
            return row
        }
        while lines.count < Self.linesMax, let element = try corpus.next() {
            switch element {
            case .row(let row): return row
            case .rejected(let error): lines.append(.rejected(error))
            }
        }
        return nil
    }
}
