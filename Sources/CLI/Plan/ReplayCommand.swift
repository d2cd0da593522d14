public import ArgumentParser
import CommandSupport
import Corpora
import Foundation
import Planning
public import Replaying
import Scoring

/// `statezero replay`.
struct ReplayOutcomes: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Plays logged steps again: what would plans have been worth beside uniform groups and their peers?",
        discussion: """
            Outcome files are joined with prompt files by prompt_id; files of one stem are one source. Where prompts come \
            back (three visits on average), versions are played in order: a step is planned from what was known before \
            it, and judged by the outcome of that visit and the next --pool ones, drawn without putting back. Else \
            context rows are known and query rows are to come.

            Compared on the same luck: uniform groups; DAPO's filter, which pays for what it throws away; the paper's \
            greedy; Knapsack RL's objective; planning on means alone; ours; and an oracle that knows what is to come. \
            With --truth urn it knows the logged counts, which flatters it: shares of its gain are then understated.
            """)

    @Option(parsing: .upToNextOption, help: "Prompt files.")
    var prompts: [String]

    @Option(parsing: .upToNextOption, help: "Outcome files: reward and n, or k and n; two rollouts a row at least.")
    var outcomes: [String]

    @Option(help: "Rollouts a prompt, on average.")
    var mean = ReplayOptions().mean

    @Option(help: "Least budget of a prompt.")
    var min = ReplayOptions().minimum

    @Option(help: "Largest budget of a prompt.")
    var max = ReplayOptions().maximum

    @Option(help: "expectedContrast, mixedGroupProbability, informationGain or advantageMass.")
    var objective = ReplayOptions().objective

    @Option(help: "Prompts of a step, at most.")
    var stepPrompts = ReplayOptions().stepPrompts

    @Option(help: "Context rows drawn for a prediction.")
    var contextSize = ReplayOptions().contextRows

    @Option(help: "Independent draws of contexts, steps and luck.")
    var seeds = ReplayOptions().seeds

    @Option(help: "What an outcome of the prompt's own is still worth a policy step later, in [0, 1].")
    var decay = ReplayOptions().decay

    @Option(
        help: "Later visits that count as what a visit's rollouts come to; 0 takes its own small group for the truth.")
    var pool = ReplayOptions().pooledVisits

    @Option(
        help: ArgumentHelp(
            "What rollouts come to: urn, or posterior.",
            discussion: """
                `urn` draws the logged rollouts without putting back and is exact up to as many as were logged; beyond, it \
                is filled again, and a prompt that failed every time fails for ever. `posterior` is what is to be believed \
                of the rate given the log and how the policy's rates spread over prompts. Default: urn where at least \
                --max rollouts are logged of every visit, else posterior.
                """))
    var truth: ReplayTruthKind?

    @Option(help: "steps or roles; default: found by itself.")
    var by: ReplayMode?

    @OptionGroup var model: ModelOptions

    @Option(help: "Threads of the encoder.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @OptionGroup var keys: KeyOptions

    @Option(help: "Draw a plot into this SVG file.")
    var plot: String?

    @Flag(help: "Print one JSON object instead of tables.")
    var json = false

    func run() throws {
        do {
            let loaded = try OutcomeSource.load(promptFiles: prompts, outcomeFiles: outcomes, keys: keys.keys)
            for problem in loaded.problems.prefix(20) { printError("\(problem)") }
            if loaded.rejected > 0 { printError("\(loaded.rejected) rows cannot be used") }
            let line = ProgressLine()
            let report = try ReplayStudy(model: model.make(threads: threads), options: options).run(
                try loaded.sources.map(Self.log)
            ) { progress in
                line.show(
                    done: progress.embedded, of: progress.texts, unit: "texts embedded",
                    detail: "\(progress.replayed)/\(progress.versions) versions replayed")
            }
            line.end()
            if json {
                try ReportOptions.printJSON(Output(report: report))
            } else {
                print("\(ReplayTable(report))")
            }
            if let plot { try write(ReplayPlot(report).svg, to: plot) }
            if loaded.rejected > 0 { throw ExitStatus.finishedWithErrorRows }
        } catch let status as ExitStatus {
            throw status
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(error)
        }
    }

    private var options: ReplayOptions {
        var options = ReplayOptions()
        (options.mean, options.minimum, options.maximum, options.objective) = (mean, min, max, objective)
        (options.stepPrompts, options.contextRows, options.seeds) = (stepPrompts, contextSize, seeds)
        (options.decay, options.pooledVisits, options.mode) = (decay, pool, by)
        options.truth = truth
        return options
    }

    private static func log(_ source: OutcomeSource) throws -> ReplayLog {
        let rows = source.groups.flatMap { group in
            group.rows.map { row in
                ReplayLog.Row(
                    policy: group.policy, prompt: row.prompt, outcome: row.outcome,
                    role: row.role.map { $0 == .context ? .context : .query },
                    responseTokens: row.expense.responseTokens, cost: row.expense.cost)
            }
        }
        return try ReplayLog(name: source.name, prompts: source.prompts, rows: rows)
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw CommandFailure("\(path): cannot be written (\(error.localizedDescription))")
        }
    }

    private struct Output: Encodable {
        let report: ReplayReport

        enum CodingKeys: String, CodingKey {
            case verdicts
        }

        func encode(to encoder: any Encoder) throws {
            try report.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(report.verdicts, forKey: .verdicts)
        }
    }
}

extension ReplayMode: ExpressibleByArgument {}
extension ReplayTruthKind: ExpressibleByArgument {}
