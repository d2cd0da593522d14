import ArgumentParser
import CommandSupport
import Corpora
import Foundation
import Models
import Routing
import Scoring

// `statezero route evaluate`: measures routing on logged outcomes.
extension Route {
    /// `statezero route evaluate`.
    struct Evaluate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Measures routing on outcomes of several models on the same prompts, with its baselines beside it.",
            discussion: """
                Of each source those models take part that the fleet file has a price for, by the name of their history's \
                policy. Rows with role `context` are history and rows with role `query` are routed; without roles, half \
                of the prompts are for each. Where every row has a `cost`, that is what is paid, and its mean over the \
                history is what decisions expect; else the price list says both.
                """)

        @OptionGroup var fleet: FleetChoice

        @Option(parsing: .upToNextOption, help: "Prompt files.")
        var prompts: [String]

        @Option(parsing: .upToNextOption, help: "Outcome files, one source each.")
        var outcomes: [String]

        @Option(help: "Rows of history a model.")
        var historyRows = 256

        @Option(help: "Independent draws of the histories.")
        var seeds = 5

        @Option(help: "Resamples of the routed prompts for intervals; 0 leaves them out.")
        var resamples = 200

        @Option(help: "Rows of a model that is new to the fleet; it is compared with --newcomer-many.")
        var newcomerFew: Int?

        @Option(help: "Rows that a new model is compared with.")
        var newcomerMany = 1024

        @Flag(help: "Sweep the paper's cost-aware labels too; slow, every setting prepares every context.")
        var costAware = false

        @OptionGroup var embeddings: EmbeddingsChoice

        @Option(help: "Folder for a plot (SVG) of each source.")
        var plots: String?

        @OptionGroup var model: ModelOptions

        @Option(help: "Threads of the encoder.")
        var threads = ProcessInfo.processInfo.activeProcessorCount

        @OptionGroup var keys: KeyOptions

        @Flag(help: "Print one JSON object instead of tables.")
        var json = false

        func validate() throws {
            if historyRows < 1 || historyRows > ContextSet.rowsMax {
                throw ValidationError("--history-rows \(historyRows): 1 to \(ContextSet.rowsMax)")
            }
            if seeds < 1 { throw ValidationError("--seeds \(seeds): at least 1") }
            if resamples < 0 { throw ValidationError("--resamples \(resamples): at least 0") }
        }

        func run() throws {
            do {
                try evaluate()
            } catch let status as ExitStatus {
                throw status
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }

        private func evaluate() throws {
            let fleet = try fleet.load()
            let loaded = try OutcomeSource.load(promptFiles: prompts, outcomeFiles: outcomes, keys: keys.keys)
            for problem in loaded.problems.prefix(20) { printError("\(problem)") }
            let (loadedModel, kept) = try embeddings.load(model, threads: threads)
            var options = RouteStudy.Options()
            options.historyRows = historyRows
            options.seeds = seeds
            options.resamples = resamples
            options.embeddingColumns = loadedModel.embeddingColumns
            options.newcomerRows = newcomerFew.map { ($0, newcomerMany) }
            options.withCostAwareLabels = costAware
            let study = RouteStudy(model: loadedModel.model, options: options)
            var results: [RouteStudyResult] = []
            for source in loaded.sources {
                guard let routed = try RouteOutcomes.source(source, fleet: fleet) else {
                    printError("\(source.name): left out, the fleet has prices for fewer than two of its models")
                    continue
                }
                let result = try study.study(routed) { printError($0) }
                results.append(result)
                if let plots { try plot(result, folder: plots) }
            }
            try kept?.save()
            if json { try ReportOptions.printJSON(results) } else { print(RouteStudyTable(results).description) }
        }

        private func plot(_ result: RouteStudyResult, folder: String) throws {
            let title = "\(result.source): \(result.models.count) models, \(result.historyRows) rows of history each"
            let svg = CurvePlot(title: title, curves: result.curves).svg
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(svg.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(result.source).svg"), options: .atomic)
        }
    }
}

/// A source of outcome files as routing takes it.
enum RouteOutcomes {
    /// `nil` where the fleet has prices for fewer than two of the source's models.
    static func source(_ source: OutcomeSource, fleet: Fleet) throws -> RouteSource? {
        var members: [(model: FleetModel, group: OutcomeSource.Group)] = []
        for model in fleet.models {
            guard let group = source.groups.first(where: { isOf(model, $0.policy) }) else { continue }
            members.append((model, group))
        }
        guard members.count > 1 else { return nil }
        var part = try Fleet(models: members.map(\.model))
        part.reference = fleet.reference
        let isPaid = members.allSatisfy { $0.group.rows.allSatisfy { $0.expense.cost != nil } }
        var costs: [[Double]] = []
        for (index, member) in members.enumerated() {
            if isPaid {
                let history = member.group.rows.filter { $0.role != .query }.compactMap(\.expense.cost)
                let mean = history.reduce(0, +) / Double(max(history.count, 1))
                costs.append(Array(repeating: mean, count: source.prompts.count))
            } else {
                costs.append(
                    source.prompts.map {
                        part.expectedCost(of: index, inputTokens: TokenEstimate.tokens(of: $0.text))
                    })
            }
        }
        let unit = isPaid ? costs.compactMap(\.first).max() ?? 0 : part.costUnit
        let models = zip(members, costs).map { member, cost in
            RouteSource.Model(
                name: member.model.name, cost: cost,
                rows: member.group.rows.map { row in
                    RouteSource.Row(
                        prompt: row.prompt, outcome: row.outcome, paid: isPaid ? row.expense.cost : nil,
                        isHistory: row.role.map { $0 == .context })
                })
        }
        return RouteSource(name: source.name, prompts: source.prompts.map(\.text), models: models, costUnit: unit)
    }

    private static func isOf(_ model: FleetModel, _ policy: Policy) -> Bool {
        model.policy == policy.id || model.policy == policy.description
    }
}
