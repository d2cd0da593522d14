"""What the predictions are meant to reach, against what was measured."""

import statistics

from figures import arm, by_source, least_difference, mean_difference, predictors

NEW = ["routerarena", "v0_dapo", "farel_bench", "math_constraint", "bbq_unifiedqa", "gaokao_zh", "reasoning_gym"]
FIRST = ["llmrouter_dc", "mmlu_pro", "oneshot_rlvr", "zeroeval_crux", "zeroeval_gsm8k", "zeroeval_math_l5"]
REFERENCED = [
    "mmlu_pro",
    "zeroeval_crux",
    "zeroeval_gsm8k",
    "zeroeval_math_l5",
    "ikp",
    "sql_llm",
    "lexeval",
    "farel_bench",
    "math_constraint",
    "shaberi",
    "mint",
]
REPEATED = ["deepscaler_k128", "evalperf", "misguided_attention", "oneshot_rlvr", "reasoning_gym", "v0_dapo"]  # k of n
PLANNED = ["none", "others:2", "others:3", "earlier:3"]  # references of plans
GAINS = {256: {"others:1": 0.08, "others:3": 0.125, "others:10": 0.15}}
GAINS[32] = {"others:1": 0.09, "others:3": 0.15, "others:10": 0.17}


def compared(results, name):
    """The comparison of a run; an empty one of a run that is missing."""
    return results[name]["comparison"] if results.get(name) else {"sizes": [], "budgets": []}


def by_chance(predictor):
    """What ECE right predictions would show; part of a claim, because an aim can be below it."""
    chance = predictor["mean"].get("ece_expected")
    return "" if chance is None else f" (right beliefs would show {chance:.3f})"


def excess(predictor):
    """ECE above that of right beliefs: mean over sources and its standard error; None without any source.

    This is how far from calibrated a predictor is: of the whole ECE, nothing below the value by chance can be gained.
    """
    sources = [source for source in predictor["sources"] if None not in (source.get("ece"), source.get("ece_expected"))]
    found = [source["ece"] - source["ece_expected"] for source in sources]
    if not found:
        return None
    return statistics.fmean(found), statistics.stdev(found) / len(found) ** 0.5 if len(found) > 1 else None


def rows(results):
    """(claim, rows of context, wanted, found, error, met) in the order of the claims; what was not run is left out.

    Of a figure that is shown beside an aim, wanted and met are None.
    """
    main, references, coverage = (compared(results, name) for name in ("main", "references", "coverage"))
    heads = [h for h in ("compact", "gaussian-process") if h in predictors(references, 256)]
    found = []

    def claim(text, size, wanted, value, error=None, at_least=True):
        if value is not None:
            met = value >= wanted if at_least else value <= wanted
            found.append((text, size, ("≥ " if at_least else "≤ ", wanted), value, error, met))

    def above_chance(text, size, predictor):
        above = excess(predictor)
        if above:
            found.append((text, size, None, *above, None))

    def gain(text, size, wanted, pair):
        if pair:
            claim(f"{text} ({pair[2]} sources)", size, wanted, pair[0], pair[1])

    for head in heads:
        for size in (256, 32):
            here = predictors(references, size)
            for name, wanted in GAINS[size].items():
                gain(
                    f"{head}: {name} over no references",
                    size,
                    wanted,
                    mean_difference(here.get(arm(head, name)), here[head]),
                )
                if arm(head, name) in here:
                    claim(
                        f"{head}: ECE with {name}" + by_chance(here[arm(head, name)]),
                        size,
                        0.035,
                        here[arm(head, name)]["mean"].get("ece"),
                        at_least=False,
                    )
                    above_chance(f"{head}: the same, above right beliefs", size, here[arm(head, name)])
            useless = mean_difference(here.get(arm(head, "shuffled:3")), here[head])
            gain(f"{head}: three useless references", size, -0.003 if size == 256 else -0.008, useless)
        for size in (256, 32):
            here = predictors(references, size)
            turned = here.get(arm(head, "inverted:3"))
            for count, name in ((2, "two good ones"), (3, "the same three, not inverted")):
                pair = mean_difference(turned, here.get(arm(head, f"others:{count}")))
                gain(f"{head}: one inverted among three against {name}", size, -0.01, pair)
            worst = least_difference(turned, here.get(arm(head, "others:2")))
            if worst:
                text = f"{head}: the same against two good ones, worst source (`{worst[0]}`)"
                claim(text, size, -0.01, worst[1], worst[2])
    for size in (256, 32):
        here = predictors(coverage, size)
        names = [arm(head, "others:3", coverage) for head in ("compact", "gaussian-process")]
        if all(name in here for name in names):
            gain(
                "others:3 on 30 %: compact over Gaussian process",
                size,
                0.01,
                mean_difference(*(here[n] for n in names)),
            )
    for size, over in ((32, 0.012), (256, 0.01)):
        here = predictors(main, size)
        if "compact" not in here:
            continue
        mine = here["compact"]
        if "0.1.0" in here:
            gain("new kinds, over the head of 0.1.0", size, over, mean_difference(mine, here["0.1.0"], NEW))
            gain("first kinds, over the head of 0.1.0", size, -0.003, mean_difference(mine, here["0.1.0"], FIRST))
            trained = [s for s in by_source(mine) if s not in NEW + FIRST]
            gain("new trained kinds, over the head of 0.1.0", size, 0.02, mean_difference(mine, here["0.1.0"], trained))
        for name in ("gaussian-process", "logistic"):
            gain(f"new kinds, over {name}", size, 0, mean_difference(mine, here.get(name), NEW))
        most = 0.045 if size == 256 else 0.06
        claim("ECE, mean of all" + by_chance(mine), size, most, mine["mean"].get("ece"), at_least=False)
        above_chance("the same, above right beliefs", size, mine)
        claim(
            "sources more than 0.015 below the better of Gaussian process and logistic regression",
            size,
            0,
            len(below(main, size)),
            at_least=False,
        )
        fit = mine["mean"].get("belief")
        if fit:
            claim(
                "80 % interval, observed less expected, by size",
                size,
                0.03,
                abs(fit["coverage"] - fit["coverage_expected"]),
                at_least=False,
            )
    for text, size, wanted, value, error in plans(results):
        claim(text, size, wanted, value, error)
    return found


def plans(results):
    """Budgets by source and references: (claim, rows, wanted share, share of the way from uniform to oracle, error).

    Alone a share below 0 is within noise up to two standard errors.
    """
    for figures in compared(results, "budgets")["budgets"]:
        head, _, references = figures["predictor"].partition(", ")
        if head != "compact":
            continue
        error = share_error(figures)
        size, source, share = figures["context_size"], figures["source"], figures["belief"]["share"]
        given = f"with {references}" if references else "alone"
        text = f"budgets {given}, share of the oracle's gain, `{source}`"
        if not references:
            yield text, size, -2 * (error or 0), share, error
        elif references.endswith(":3"):
            yield text, size, 0.4, share, error


def share_error(figures):
    """The larger of the standard errors over seeds and over policy versions; None without either."""
    shares = [version["belief"]["share"] for version in figures["versions"]]
    errors = [figures["belief"].get("stderr") or 0]
    if len(shares) > 1:
        errors.append(statistics.stdev(shares) / len(shares) ** 0.5)
    return max(errors) or None


def below(main, size, head="compact", most=0.015):
    """Sources where the head is below the better of Gaussian process and logistic regression by more than `most`."""
    here = predictors(main, size)
    if head not in here:
        return []
    others = [by_source(here[name]) for name in ("gaussian-process", "logistic") if name in here]
    found = []
    for name, source in by_source(here[head]).items():
        best = max((o[name]["auc"] for o in others if o.get(name, {}).get("auc") is not None), default=None)
        if best is not None and source.get("auc") is not None and best - source["auc"] > most:
            found.append((name, source["auc"] - best))
    return found
