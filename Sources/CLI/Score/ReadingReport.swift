import CommandSupport
import Corpora
import Encoders
import Foundation
import Models
import Scoring

/// How an encoder reads the prompts of files, by their source: the shares of cut prompts, of prompts that are read in
/// windows, and of unknown tokens. Its tokenizer counts them.
///
/// An encoder knows nothing of what it does not read. Cost: loading the tokenizer, and its time; weights are not read.
struct ReadingReport: Encodable {
    /// The counts of one source.
    struct Source: Encodable {
        let source: String
        let prompts: Int
        let tokens: Int
        let truncated_share: Double
        /// Prompts longer than one window; cut ones are among them. `nil` if the encoder has no windows.
        let windows_share: Double?
        let unknown_share: Double

        /// Mean number of tokens.
        var tokensEach: Double { Double(tokens) / Double(max(1, prompts)) }
    }

    private struct Counts {
        var measures = TextMeasures()
        var windowed = 0
    }

    let model: String
    let sources: [Source]

    private static let textsPerBatch = 256
    private static let sourcesShown = 12

    /// Throws what is wrong with the model or the file, and `unsupported` for a model without a tokenizer of its own.
    init(_ files: [String], keys: RowKeys, model choice: ModelOptions) throws {
        var corpus = try PromptCorpus(files: files, keys: keys)
        try self.init(model: choice) {
            while let element = try corpus.next() {
                if case .row(let row) = element { return row }
            }
            return nil
        }
    }

    /// The same of rows that were read already.
    init(_ rows: [PromptRow], model choice: ModelOptions) throws {
        var rest = rows[...]
        try self.init(model: choice) { rest.popFirst() }
    }

    private init(model choice: ModelOptions, next: () throws -> PromptRow?) throws {
        let reading = try ModelConfiguration(choice.place).reading()
        model = reading.name
        var counts: [String: Counts] = [:]
        var batch: [(source: String, text: String)] = []
        func measure() throws {
            for (entry, one) in zip(batch, reading.measure(batch.map(\.text))) {
                var source = entry.source
                if counts[source] == nil, counts.count >= CorpusReport.sourcesMax {
                    source = CorpusReport.otherSources
                }
                counts[source, default: Counts()].measures.add(one)
                if one.tokens > reading.windowTokens ?? .max { counts[source]?.windowed += 1 }
            }
            batch.removeAll(keepingCapacity: true)
        }
        while let row = try next() {
            batch.append((row.dataSource ?? CorpusReport.withoutSource, row.prompt.text))
            if batch.count == Self.textsPerBatch { try measure() }
        }
        try measure()
        let hasWindows = reading.windowTokens != nil
        sources = counts.sorted { $0.key < $1.key }.map { name, all in
            let read = all.measures
            return Source(
                source: name, prompts: read.texts, tokens: read.tokens, truncated_share: read.truncatedShare,
                windows_share: hasWindows ? Double(all.windowed) / Double(max(1, read.texts)) : nil,
                unknown_share: read.unknownShare)
        }
    }

    /// One line a source, of the first ones.
    var text: String {
        let shown = sources.prefix(Self.sourcesShown)
        var lines = shown.map { source in
            "  "
                + String(
                    format: "%@: %d prompts, %.0f tokens each, %.1f %% cut, %.1f %% of tokens unknown", source.source,
                    source.prompts, source.tokensEach, 100 * source.truncated_share, 100 * source.unknown_share)
        }
        if sources.count > shown.count { lines.append("  and \(sources.count - shown.count) more sources") }
        return (["as \(model) reads them:"] + lines).joined(separator: "\n")
    }
}
