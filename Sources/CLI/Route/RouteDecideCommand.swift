import ArgumentParser
import CommandSupport
import Corpora
import Foundation
import Models
import RouterHTTP
import Routing
import Scoring

/// A rule as typed, instead of the fleet file's.
struct RuleOptions: ParsableArguments {
    @Option(help: "Weigh success by so much: β·p + (1 − β)(1 − cost), in [0, 1].")
    var beta: Double?

    @Option(help: "The cheapest model with p at least this.")
    var target: Double?

    func validate() throws {
        if beta != nil, target != nil { throw ValidationError("--beta and --target are two rules; give one") }
        if (try? rule()) == nil, beta != nil || target != nil { throw ValidationError("--beta and --target: 0 to 1") }
    }

    /// `nil` where none was typed.
    func rule() throws -> RouteRule? {
        if let beta { return RouteRule(name: "weighted", parameter: beta) }
        if let target { return RouteRule(name: "target", parameter: target) }
        return nil
    }
}

extension Route {
    /// `statezero route decide`.
    struct Decide: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decides for one prompt or a corpus: which model, and why; JSON with every candidate.",
            discussion: """
                One line a prompt goes to standard output or --output: every model with p, its interval, its cost and why \
                it could not be chosen. With --workers or --coordinator a cluster predicts, each prompt embedded once \
                for the whole fleet; --output is then a folder, and the same command goes on where it was.
                """)

        @OptionGroup var fleet: FleetChoice
        @OptionGroup var rule: RuleOptions

        @Option(help: "One prompt.")
        var prompt: String?

        @Option(parsing: .upToNextOption, help: "Prompt files: JSONL, plain, gzip or zstd.")
        var prompts: [String] = []

        @Option(help: "File for the decisions, or folder of a cluster's; default: standard output.")
        var output: String?

        @Option(help: "Endpoint of a running coordinator.")
        var coordinator: String?

        @Option(help: "Start a coordinator and so many workers on this machine.")
        var workers: Int?

        @Option(
            help: "Prompts that a cluster does for the whole fleet before it goes on; bounded by what its workers keep."
        )
        var blockRows = 50_000

        @OptionGroup var model: ModelOptions
        @OptionGroup var embeddings: EmbeddingsChoice
        @OptionGroup var store: StoreOptions

        @Option(help: "Threads of the encoder, or of each worker.")
        var threads: Int?

        @OptionGroup var keys: KeyOptions
        @OptionGroup var log: LogOptions

        func validate() throws {
            if (prompt == nil) == prompts.isEmpty { throw ValidationError("give --prompt or --prompts") }
            if usesCluster, output == nil || prompts.isEmpty {
                throw ValidationError("a cluster takes --prompts and writes into the folder --output")
            }
            if coordinator != nil, workers != nil { throw ValidationError("--coordinator has its own workers") }
            if let workers, workers < 1 { throw ValidationError("--workers \(workers): at least 1") }
            if blockRows < 1 { throw ValidationError("--block-rows \(blockRows): at least 1") }
        }

        private var usesCluster: Bool { coordinator != nil || workers != nil }

        func run() throws {
            do {
                let loaded = try fleet.load()
                let files = try FleetHistories.files(loaded, folder: fleet.folder, keys: keys.keys) {
                    printError("warning: \($0)")
                }
                if usesCluster { try decideByCluster(loaded, files) } else { try decideHere(loaded, files) }
            } catch let status as ExitStatus {
                throw status
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }

        private func decideHere(_ loaded: Fleet, _ files: [ContextFile?]) throws {
            let sink = try DecisionSink(path: output)
            let (made, kept) = try embeddings.load(
                model, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
            var router = try PromptRouter(loaded, histories: files.map { $0?.context.rows ?? [] }, model: made.model)
            var failed = 0
            if let prompt {
                try sink.write(router.decide([Prompt(id: "prompt", text: prompt)], rule: try rule.rule()))
            } else {
                var corpus = try PromptCorpus(files: prompts, keys: keys.keys)
                var batch: [Prompt] = []
                while let element = try corpus.next() {
                    switch element {
                    case .row(let row): batch.append(row.prompt)
                    case .rejected(let error):
                        printError("\(error)")
                        failed += 1
                    }
                    if batch.count == 64 {
                        try sink.write(router.decide(batch, rule: try rule.rule()))
                        batch = []
                    }
                }
                try sink.write(router.decide(batch, rule: try rule.rule()))
            }
            try sink.close()
            try kept?.save()
            if failed > 0 { throw ExitStatus.finishedWithErrorRows }
        }

        private func decideByCluster(_ loaded: Fleet, _ files: [ContextFile?]) throws {
            let job = RouteCorpusJob(
                fleet: loaded, histories: files, rule: try rule.rule() ?? loaded.rule, prompts: prompts,
                keys: keys.keys,
                output: output ?? "", blockRows: blockRows)
            try job.run(
                coordinator: coordinator, workers: workers ?? 1, threads: threads ?? model.defaultThreads, model: model,
                store: store, log: log)
        }
    }
}

/// Decisions as lines, into a file or to standard output.
final class DecisionSink {
    private let handle: FileHandle
    private let path: String?

    /// Throws where the file cannot be made.
    init(path: String?) throws {
        self.path = path
        guard let path else {
            handle = .standardOutput
            return
        }
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw CommandFailure("\(path): cannot be written: \(String(cString: strerror(errno)))") }
        handle = file
    }

    func write(_ rows: [DecisionRow]) throws {
        var bytes: [UInt8] = []
        for row in rows {
            bytes += row.line()
            bytes.append(UInt8(ascii: "\n"))
        }
        try handle.write(contentsOf: Data(bytes))
    }

    func close() throws {
        if path != nil { try handle.close() }
    }
}
