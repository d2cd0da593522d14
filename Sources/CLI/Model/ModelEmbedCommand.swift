import ArgumentParser
import CommandSupport
import Corpora
import Foundation
import Kernels
import Models
import Scoring

// `statezero model embed`: writes the embeddings of prompts to a file.
extension Model {
    /// `statezero model embed`.
    struct Embed: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Embeds prompts into one safetensors file, for training a head and for evaluate.",
            discussion: """
                The file holds `embeddings` F32 (P, E) and `digests` U8 (P, 32), the SHA-256 of each text's UTF-8. \
                Texts that it holds already are not embedded again, so an interrupted run goes on.
                """)

        @Option(parsing: .upToNextOption, help: "Prompt files.")
        var prompts: [String]

        @Option(help: "File to make, or to add to.")
        var output: String

        @Option(help: "Model folder; default: $STATEZERO_MODEL, else models/all-MiniLM-L6-v2.")
        var model: String?

        @Option(help: "Arithmetic of the encoder: float32, bfloat16 or int8.")
        var precision = Precision.float32

        @Option(help: "Threads of the encoder.")
        var threads = ProcessInfo.processInfo.activeProcessorCount

        /// Texts between two times that the file is written.
        private static let kept = 4096
        private static let chunk = 256

        func run() throws {
            do {
                var seen: Set<Digest> = []
                var texts: [String] = []
                var rejected = 0
                for file in prompts {
                    // A corpus a file: the same prompt may stand in several sources.
                    var corpus = try PromptCorpus(files: [file])
                    while let element = try corpus.next() {
                        switch element {
                        case .row(let row):
                            let isNew = seen.insert(Digest(of: row.prompt.text)).inserted
                            if isNew { texts.append(row.prompt.text) }
                        case .rejected(let error):
                            rejected += 1
                            if rejected <= 20 { printError("\(error)") }
                        }
                    }
                }
                try embed(texts)
                if rejected > 0 { throw ExitStatus.finishedWithErrorRows }
            } catch let status as ExitStatus {
                throw status
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }

        private func embed(_ texts: [String]) throws {
            let choice = try ModelOptions.choosing(model, precision: precision)
            try choice.check()
            let (_, embeddings) = try ModelRegistry.load(
                choice.place, heads: [], settings: choice.settings(threads: threads), embeddings: output)
            guard let embeddings else { return }
            let line = ProgressLine()
            for start in stride(from: 0, to: texts.count, by: Self.chunk) {
                let chunk = texts[start..<Swift.min(start + Self.chunk, texts.count)]
                try embeddings.add(Array(chunk))
                if embeddings.unsaved >= Self.kept { try embeddings.save() }
                line.show(done: start + chunk.count, of: texts.count, unit: "texts", detail: "")
            }
            line.end()
            try embeddings.save()
            print("\(output): \(embeddings.count) texts of \(embeddings.width) columns")
        }
    }
}
