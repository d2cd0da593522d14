package import Corpora
package import Scoring
package import Wire

/// Cuts a corpus into shards: in corpus order, by rows and by estimated tokens.
///
/// Shards depend on the corpus and these two numbers only, never on the workers; so do the answers. Prompts are not
/// sorted by length: batches are ragged, so the time of a shard follows its tokens, whatever their order.
package struct ShardCutter {
    /// A line of the input.
    package enum Line: Sendable {
        /// A prompt: sent to a worker; its answer is the next one of the shard.
        case row(
            id: String, hasDerivedID: Bool, file: String, line: Int, evidence: RowEvidence? = nil,
            own: SideIndex.OwnCounts? = nil)
        /// Not a prompt: its answer is this error.
        case rejected(RowError)
    }

    /// Consecutive lines, and the texts among them.
    package struct Shard: Sendable {
        package let lines: [Line]
        package let texts: TextBlock
        package let tokens: Int
        /// Where the texts are, if workers read them.
        package let ranges: RowRanges?

        /// What is sent. Throws for row ranges of more bytes than a message may have.
        package func content() throws(WireError) -> ShardContent {
            guard let ranges else { return .texts(texts) }
            return .ranges(try RangeBlock(ranges, side: texts.side))
        }

        /// Equal for equal texts: directs a shard to the worker that has seen it before.
        package var affinity: UInt64 { Digest(of: texts.bytes.array).leading }
    }

    /// Most rows of a shard: some seconds of work for one core, and an answer of 5 kB.
    package static let rowsMax = 256
    /// Most estimated tokens of a shard, unless one row alone has more.
    package static let tokensMax = 16_384
    /// Most numbers of vectors of a shard, unless one row alone has more: 8 MB.
    package static let vectorNumbersMax = 2 << 20
    /// Most lines of a shard, so that a file of rejected lines needs bounded memory too.
    package static let linesMax = 8_192

    private var corpus: PromptCorpus
    private let side: ScoringSide?
    private let rangeFiles: RangeFiles?
    private let rowsMax: Int
    /// A row that was read but did not fit into the last shard.
    private var held: PromptRow?

    /// With `ranges`, shards say where their texts are.
    package init(_ corpus: PromptCorpus, side: ScoringSide? = nil, ranges: RangeFiles? = nil) {
        self.corpus = corpus
        self.side = side
        rangeFiles = ranges
        rowsMax = min(Self.rowsMax, max(1, Self.vectorNumbersMax / max(1, side?.context.schema.vectorColumns ?? 0)))
    }

    /// The input files; complete once the corpus was read to its end.
    package var files: [InputFile] { corpus.files }

    /// Rows that were read so far.
    package var counts: PromptCorpus.Counts { corpus.counts }

    /// The next shard; `nil` at the end. A shard without texts has rejected lines only.
    package mutating func next() throws(CorporaError) -> Shard? {
        var lines: [Line] = []
        var texts: [String] = []
        var known: [SideInformation] = []
        var tokens = 0
        var cutter = rangeFiles.map { RangeCutter($0) }
        while texts.count < rowsMax, lines.count < Self.linesMax {
            guard let row = try nextRow(&lines) else { break }
            let more = TokenEstimate.encoded(bytes: row.prompt.text.utf8.count)
            if !texts.isEmpty, tokens + more > Self.tokensMax {
                held = row
                break
            }
            tokens += more
            texts.append(row.prompt.text)
            cutter?.append(row)
            let facts = side?.facts(row)
            if let facts { known.append(facts.side) }
            lines.append(
                .row(
                    id: row.prompt.id, hasDerivedID: row.hasDerivedID, file: row.file, line: row.line,
                    evidence: facts?.evidence, own: facts?.own))
        }
        // A job without a schema is for peers of version 0.1 too, which cannot read a side frame.
        let block = side.flatMap { side in
            side.context.schema.isEmpty ? nil : SideBlock(known, schema: side.context.schema)
        }
        guard !lines.isEmpty else { return nil }
        return Shard(
            lines: lines, texts: TextBlock(texts, side: block), tokens: tokens, ranges: cutter?.ranges(of: texts))
    }

    /// The next prompt; rejected lines before it are appended to `lines`.
    private mutating func nextRow(_ lines: inout [Line]) throws(CorporaError) -> PromptRow? {
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
