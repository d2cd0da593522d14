import CommandSupport
import Corpora
import Encoders
import Foundation
import Models
import Scoring

/// How an encoder reads the prompts of files, by their source: the shares of cut prompts, of prompts that are read in
/// windows, and of unknown tokens. Its tokenizer counts them.
///
/// An encoder knows nothing of what it does not read. Cost: loading the encoder and its tokenizer's time; nothing is embedded.
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

    /// Throws what is wrong with the model or the file, and `unsupported` for a model that does not count tokens.
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
        let encoder = try ModelConfiguration(choice.place).embeddingEncoder(choice.settings(threads: 1))
        model = encoder.facts.name
        var counts: [String: Counts] = [:]
        var batch: [(source: String, text: String)] = []
        func measure() throws {
            guard let found = encoder.measure(batch.map(\.text)) else {
                throw CommandFailure(
                    "\(choice.name): this encoder does not say how it reads a text; name a model folder")
            }
            for (entry, one) in zip(batch, found) {
                var source = entry.source
                if counts[source] == nil, counts.count >= CorpusReport.sourcesMax {
                    source = CorpusReport.otherSources
                }
                counts[source, default: Counts()].measures.add(one)
                if one.tokens > encoder.facts.windowTokens ?? .max { counts[source]?.windowed += 1 }
            }
            batch.removeAll(keepingCapacity: true)
        }
        while let row = try next() {
            batch.append((row.dataSource ?? CorpusReport.withoutSource, row.prompt.text))
            if batch.count == Self.textsPerBatch { try measure() }
        }
        try measure()
        let hasWindows = encoder.facts.windowTokens != nil
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
