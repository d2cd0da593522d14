import ArgumentParser
import CommandSupport
import Corpora
import Kernels
import Models
import Scoring

// `statezero model embed`: writes the embeddings of prompts to a file.
extension Model {
    /// `statezero model embed`.
    struct Embed: ParsableCommand {
        static let configuration = CommandConfiguration(
            "embed", "Embeds prompts into a safetensors file, for training a head and for `evaluate --embeddings`.",
            example: """
                statezero model embed --prompts scripts/sample/data/queries.jsonl.gz \\
                    --output out/embeddings.safetensors
                """,
            details: """
                The file holds `embeddings` F32 (P, E) and `digests` U8 (P, 32), the SHA-256 of each text in UTF-8. \
                Texts in the file are not embedded again, so an interrupted run continues.
                """)

        @Option(parsing: .upToNextOption, help: "Prompt files.")
        var prompts: [String]

        @Option(help: "File to create or to extend.")
        var output: String

        @Option(help: "Model folder. Default: $STATEZERO_MODEL, else models/all-MiniLM-L6-v2.")
        var model: String?

        @Option(help: "Arithmetic of the encoder.")
        var precision = Precision.float32

        @OptionGroup(title: "Remote encoder") var remote: RemoteEncoderOptions
        @OptionGroup var threads: EncoderThreads

        /// Texts between two saves of the file.
        private static let textsPerSave = 4096
        private static let textsPerBatch = 512

        func run() throws {
            let (texts, rejected) = try readTexts()
            try embed(texts)
            if rejected > 0 { throw ExitStatus.finishedWithErrorRows }
        }

        /// The different texts of all files, in order.
        private func readTexts() throws -> ([String], rejected: Int) {
            var seen: Set<Digest> = []
            var texts: [String] = []
            var rejected = 0
            for file in prompts {
                // One corpus per file, because several sources may have the same prompt.
                var corpus = try PromptCorpus(files: [file])
                while let element = try corpus.next() {
                    switch element {
                    case .row(let row):
                        if seen.insert(Digest(of: row.prompt.text)).inserted { texts.append(row.prompt.text) }
                    case .rejected(let error):
                        rejected += 1
                        if rejected <= 20 { printError("\(error)") }
                    }
                }
            }
            return (texts, rejected)
        }

        private func embed(_ texts: [String]) throws {
            var choice = try ModelOptions.choosing(model, precision: precision)
            choice.remote = remote
            let (_, embeddings) = try choice.load(heads: [], threads: threads.threads, embeddings: output)
            guard let embeddings else { return }
            let line = ProgressLine()
            for start in stride(from: 0, to: texts.count, by: Self.textsPerBatch) {
                let batch = texts[start..<Swift.min(start + Self.textsPerBatch, texts.count)]
                try embeddings.add(Array(batch))
                if embeddings.unsaved >= Self.textsPerSave { try embeddings.save() }
                line.show(done: start + batch.count, of: texts.count, unit: "texts", detail: "")
            }
            line.end()
            try embeddings.save()
            try printOutput("\(output): \(embeddings.count) texts of \(embeddings.width) columns")
        }
    }
}
