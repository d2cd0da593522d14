import ArgumentParser
import CommandSupport
import Corpora
import Foundation
import Models
import RouterHTTP
import Routing
import Scoring

/// Decides which model each prompt is sent to.
extension Route {
    /// `statezero route decide`.
    struct Decide: ParsableCommand {
        static let configuration = CommandConfiguration(
            "decide", "Decides which model gets a prompt, for one prompt or a corpus.",
            example: "statezero route decide --fleet scripts/sample/fleet.yaml --prompt 'What is 17 plus 25?'",
            details: """
                Writes one JSON line per prompt: every model with p, its interval, its cost and the reason why it was \
                not allowed. With --workers or --coordinator a cluster predicts and embeds each prompt once for the \
                whole fleet; --output is then a folder, and an interrupted command continues. The fleet file's \
                references go with the jobs, with the same answers as in one process.
                """)

        @OptionGroup(title: "Fleet and rule") var fleet: FleetOptions
        @OptionGroup(title: "Fleet and rule") var rule: RuleOptions
        @OptionGroup(title: "Prompts") var input: DecideInput
        @OptionGroup(title: "Cluster") var cluster: DecideCluster
        @OptionGroup(title: "Model") var model: ModelOptions
        @OptionGroup(title: "Model") var embeddings: EmbeddingsOptions
        @OptionGroup(title: "Feature store") var store: StoreOptions
        @OptionGroup(title: "Row keys") var keys: KeyOptions

        @Option(range: .atLeast(1), help: "Threads of the encoder, or of each worker. Default: all cores; workers: 1.")
        var threads: Int?

        @OptionGroup var log: LogOptions

        func validate() throws {
            if cluster.isUsed, input.output == nil || input.prompts.isEmpty {
                throw ValidationError("--workers and --coordinator need --prompts, and a folder for --output")
            }
        }

        func run() throws {
            let loaded = try fleet.load()
            let histories = try FleetHistories.files(loaded, folder: fleet.folder, keys: keys.keys) {
                printError("warning: \($0)")
            }
            let references = try ReferenceFiles.load(loaded, folder: fleet.folder, keys: keys.keys) {
                printError("warning: \($0)")
            }
            if cluster.isUsed {
                try decideByCluster(loaded, histories, references)
            } else {
                try decideHere(loaded, histories, references)
            }
        }

        /// Decides with a model in this process, 64 prompts at a time.
        private func decideHere(_ loaded: Fleet, _ histories: [ContextFile?], _ references: ReferenceFiles) throws {
            let sink = try DecisionSink(path: input.output)
            let (model, kept) = try embeddings.load(
                model, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
            var router = try PromptRouter(
                loaded, histories: histories.map { $0?.context.rows ?? [] }, references: references,
                model: model.model)
            let rule = try rule.rule()
            let rejected = try input.forEachBatch(of: 64, keys: keys.keys) { batch in
                try sink.write(router.decide(batch, rule: rule))
            }
            try sink.close()
            try kept?.save()
            if rejected > 0 { throw ExitStatus.finishedWithErrorRows }
        }

        private func decideByCluster(
            _ fleet: Fleet, _ histories: [ContextFile?], _ references: ReferenceFiles
        ) throws {
            let sides = FleetSides(
                fleet, histories: histories.map { $0?.context.rows ?? [] }, files: references)
            let job = RouteCorpusJob(
                fleet: fleet, histories: histories, sides: sides, rule: try rule.rule() ?? fleet.rule,
                prompts: input.prompts,
                keys: keys.keys, output: input.output ?? "", blockRows: cluster.blockRows,
                security: try cluster.key.security)
            let lanes = try RouteLanes(
                cluster, threads: threads ?? model.defaultThreads, output: job.output, model: model, store: store,
                log: log)
            try job.run(lanes)
        }
    }
}

/// The prompts of `route decide` and the place of its decisions.
struct DecideInput: ParsableArguments {
    @Option(help: "One prompt.")
    var prompt: String?

    @Option(parsing: .upToNextOption, help: "Prompt files: JSONL, plain, gzip or zstd.")
    var prompts: [String] = []

    @Option(help: "File for the decisions; with a cluster, a folder. Default: standard output.")
    var output: String?

    func validate() throws {
        if (prompt == nil) == prompts.isEmpty { throw ValidationError("give either --prompt or --prompts") }
    }

    /// Calls the body with batches of prompts, the last one shorter. Returns the number of bad rows.
    func forEachBatch(of size: Int, keys: RowKeys, _ body: ([Prompt]) throws -> Void) throws -> Int {
        if let prompt {
            try body([Prompt(id: "prompt", text: prompt)])
            return 0
        }
        var corpus = try PromptCorpus(files: prompts, keys: keys)
        var batch: [Prompt] = []
        var rejected = 0
        while let element = try corpus.next() {
            switch element {
            case .row(let row): batch.append(row.prompt)
            case .rejected(let error):
                printError("\(error)")
                rejected += 1
            }
            if batch.count == size {
                try body(batch)
                batch = []
            }
        }
        try body(batch)
        return rejected
    }
}

/// The cluster of `route decide`.
struct DecideCluster: ParsableArguments {
    @Option(help: "Endpoint of a running coordinator.")
    var coordinator: String?

    @OptionGroup var key: KeyOption

    @Option(range: .atLeast(1), help: "Start this many workers on this machine, each with its own coordinator.")
    var workers: Int?

    @Option(range: .atLeast(1), help: "Prompts decided for the whole fleet at a time; limited by the feature caches.")
    var blockRows = 50_000

    var isUsed: Bool { coordinator != nil || workers != nil }

    func validate() throws {
        if coordinator != nil, workers != nil {
            throw ValidationError("give either --coordinator or --workers; a coordinator has its own workers")
        }
        try key.requireCoordinator(coordinator)
    }
}
