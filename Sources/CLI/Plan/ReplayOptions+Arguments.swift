// The options of `replay`, and the settings of a study that they choose.
public import ArgumentParser
import CommandSupport
public import Replaying
import Scoring

/// Budgets and objective of the replayed plans.
struct ReplayBudgets: ParsableArguments {
    @Option(range: .atLeast(2), help: "Mean rollouts per prompt.")
    var mean = ReplayOptions().mean

    @Option(range: .atLeast(0), help: "Smallest budget of a prompt.")
    var min = ReplayOptions().minimum

    @Option(range: .atLeast(1), help: "Largest budget of a prompt.")
    var max = ReplayOptions().maximum

    @Option(help: "What the plans maximise.")
    var objective = ReplayOptions().objective
}

/// How steps are formed and judged.
struct ReplaySteps: ParsableArguments {
    @Option(range: .atLeast(1), help: "Largest number of prompts of a step.")
    var stepPrompts = ReplayOptions().stepPrompts

    @Option(range: .atLeast(1), help: "Context rows drawn for a prediction.")
    var contextSize = ReplayOptions().contextRows

    @Option(range: .atLeast(1), help: "Independent repetitions with other draws.")
    var seeds = ReplayOptions().seeds

    @Option(range: .within(0...1), help: "Weight of a prompt's own outcome one policy step later.")
    var decay = ReplayOptions().decay

    @Option(
        range: .atLeast(0),
        help: "Later visits whose outcomes are added to those of a visit. 0 uses its own small group only.")
    var pool = ReplayOptions().pooledVisits

    @Option(
        help: ArgumentHelp(
            "How outcomes of planned rollouts are drawn. Default: urn where every visit has --max rollouts.",
            discussion: """
                `urn` draws the logged rollouts without replacement: exact up to their number; beyond it the urn is \
                refilled, and a prompt that always failed fails for ever. `posterior` draws from the posterior of the \
                rate, given the log and the spread of rates over prompts.
                """))
    var truth: ReplayTruthKind?

    @Option(help: "Replay by policy steps or by row roles. Default: steps where prompts are visited three times.")
    var by: ReplayMode?
}

extension ReplayOptions {
    init(_ budgets: ReplayBudgets, _ steps: ReplaySteps) {
        self.init()
        (mean, minimum, maximum, objective) = (budgets.mean, budgets.min, budgets.max, budgets.objective)
        (stepPrompts, contextRows, seeds) = (steps.stepPrompts, steps.contextSize, steps.seeds)
        (decay, pooledVisits, mode, truth) = (steps.decay, steps.pool, steps.by, steps.truth)
    }
}

extension ReplayMode: ExpressibleByArgument {}
extension ReplayTruthKind: ExpressibleByArgument {}
