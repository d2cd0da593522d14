public import ArgumentParser
import CommandSupport
import Corpora
import Models
public import Routing
import Scoring

// `statezero route evaluate`: measures routing on logged outcomes.
extension Route {
    /// `statezero route evaluate`.
    struct Evaluate: ParsableCommand {
        static let configuration = CommandConfiguration(
            "evaluate", "Measures routing with logged outcomes of several models on the same prompts.",
            example: """
                statezero route evaluate --fleet scripts/routing/prices.yaml \\
                    --prompts data/eval/mmlu_pro.prompts.jsonl.gz --outcomes data/eval/mmlu_pro.outcomes.jsonl.gz
                """,
            details: """
                scripts/evaluation/README.md says where the files of the example come from.

                Uses the models of each source that have a price in the fleet file, matched by the policy of their \
                history. Rows with role `context` are history, rows with role `query` are routed; without roles, half of \
                the prompts are used for each. If every row has a `cost`, it is the cost, and its mean over the history \
                is the expected cost; otherwise both come from the prices.

                --references compares predictions with references with those without, on the same draws: `fleet` are the                 histories of the other models, `others:K` are K policies of the source without a price, which also have                 outcomes on the routed prompts, and `fleet+others:K` are both.
                """)

        @OptionGroup(title: "Files") var fleet: FleetOptions
        @OptionGroup(title: "Files") var files: OutcomeFiles
        @OptionGroup(title: "Study") var study: RouteStudyOptions
        @OptionGroup(title: "Model") var model: ModelOptions
        @OptionGroup(title: "Model") var embeddings: EmbeddingsOptions
        @OptionGroup(title: "Row keys") var keys: KeyOptions
        @OptionGroup var threads: EncoderThreads

        @Option(help: "Folder for an SVG plot of each source.")
        var plots: String?

        @OptionGroup var report: ReportOptions

        func run() throws {
            let fleet = try fleet.load()
            let loaded = try files.load(keys)
            let (loadedModel, kept) = try embeddings.load(model, threads: threads.threads)
            let study = RouteStudy(
                model: loadedModel.model, options: study.options(embeddingColumns: loadedModel.embeddingColumns))
            var results: [RouteStudyResult] = []
            for source in loaded.sources {
                guard let routed = try RouteOutcomes.source(source, fleet: fleet) else {
                    printError("\(source.name): skipped, the fleet has prices for fewer than two of its models")
                    continue
                }
                let result = try study.study(routed) { printError($0) }
                results.append(result)
                if let plots { try plot(result, folder: plots) }
            }
            try kept?.save()
            try report.show(results) { RouteStudyTable(results).description }
        }

        private func plot(_ result: RouteStudyResult, folder: String) throws {
            let title = "\(result.source): \(result.models.count) models, \(result.historyRows) rows of history each"
            try makeFolder(folder)
            try writeFile(CurvePlot(title: title, curves: result.curves).svg, to: "\(folder)/\(result.source).svg")
        }
    }
}

/// The settings of a routing study.
struct RouteStudyOptions: ParsableArguments {
    @Option(range: .within(1...ContextSet.rowsMax), help: "History rows of each model.")
    var historyRows = 256

    @Option(range: .atLeast(1), help: "Independent draws of the histories.")
    var seeds = 5

    @Option(range: .atLeast(0), help: "Resamples of the routed prompts for intervals; 0 computes no intervals.")
    var resamples = 200

    @Option(
        range: .atLeast(1), help: "History rows of a new model, compared with --newcomer-many. Default: no comparison.")
    var newcomerFew: Int?

    @Option(range: .atLeast(1), help: "History rows that the new model is compared with.")
    var newcomerMany = 1024

    @Option(parsing: .upToNextOption, help: "References to compare with none: fleet, others:K or fleet+others:K.")
    var references: [RouteReferences] = []

    @Option(
        range: .within(1...ContextSet.rowsMax),
        help: "History rows of each other model that are references. Default: --history-rows.")
    var referenceRows: Int?

    @Flag(help: "Also sweep cost-aware labels; slow, because every setting prepares every context.")
    var costAware = false

    func options(embeddingColumns: Int?) -> RouteStudy.Options {
        var options = RouteStudy.Options()
        (options.historyRows, options.seeds, options.resamples) = (historyRows, seeds, resamples)
        options.embeddingColumns = embeddingColumns
        options.newcomerRows = newcomerFew.map { ($0, newcomerMany) }
        options.withCostAwareLabels = costAware
        options.references = references.filter { $0 != .none }
        options.referenceRows = referenceRows ?? historyRows
        return options
    }
}

extension RouteReferences: ExpressibleByArgument {}
