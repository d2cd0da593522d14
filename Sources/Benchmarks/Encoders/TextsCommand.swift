import ArgumentParser
import CommandSupport
import Corpora
import Encoders
import Foundation
import ModelFiles
import Models
import Scoring

/// `statezero-bench texts`.
struct TextsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "texts", "Measures what encoders cost a prompt, tokenizer included, and their ratio to the first.",
        example: "statezero-bench texts --models models/all-MiniLM-L6-v2 models/potion-base-8M",
        details: "The prompts are those of a file, in its order. One thread.")

    @Option(parsing: .upToNextOption, help: "Model folders.")
    var models: [String]

    @Option(help: "File of prompts.")
    var prompts = "scripts/sample/data/queries.jsonl.gz"

    @Option(range: .atLeast(1), help: "Prompts to read at most.")
    var count = 1000

    @OptionGroup var rounds: RoundOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        let texts = try readTexts()
        var first: Double?
        for name in models {
            let encoder = try ModelConfiguration(ModelPlace(name)).embeddingEncoder(ModelSettings())
            let seconds = try processorSeconds(encoder, texts) / Double(texts.count)
            let ratio = (first ?? seconds) / seconds
            first = first ?? seconds
            var measures = TextMeasures()
            for measure in encoder.measure(texts) ?? [] { measures.add(measure) }
            let line = Line(
                model: encoder.facts.name, microseconds_per_text: seconds * 1e6, ratio_to_first: ratio,
                tokens_per_text: Double(measures.tokens) / Double(texts.count),
                truncated_share: measures.truncatedShare, unknown_share: measures.unknownShare)
            try report.show(line) {
                String(
                    format:
                        "%@: %.1f µs of a processor a text (%d texts of %.0f tokens, median of %d), 1/%.1f of the first",
                    line.model, line.microseconds_per_text, texts.count, line.tokens_per_text, rounds.rounds, ratio)
            }
        }
    }

    private func readTexts() throws -> [String] {
        var corpus = try PromptCorpus(files: [prompts])
        var texts: [String] = []
        while texts.count < count, let element = try corpus.next() {
            if case .row(let row) = element { texts.append(row.prompt.text) }
        }
        guard !texts.isEmpty else { throw ValidationError("\(prompts) has no prompt") }
        return texts
    }

    /// The median round, after one to warm up.
    private func processorSeconds(_ encoder: any TextEncoder, _ texts: [String]) throws -> Double {
        _ = try encoder.encode(texts)
        var times: [MeasuredTime] = []
        for _ in 0..<rounds.rounds {
            times.append(try MeasuredTime(of: .process) { () throws(ValueModelError) in _ = try encoder.encode(texts) })
        }
        return times.medianProcessorSeconds
    }

    private struct Line: Encodable {
        let model: String
        let microseconds_per_text: Double
        let ratio_to_first: Double
        let tokens_per_text: Double
        let truncated_share: Double
        let unknown_share: Double
    }
}
