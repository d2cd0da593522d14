"""What the predictions are meant to reach, against what was measured."""

from figures import arm, by_source, mean_difference, predictors

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
GAINS = {256: {"others:1": 0.08, "others:3": 0.125, "others:10": 0.15}}
GAINS[32] = {"others:1": 0.09, "others:3": 0.15, "others:10": 0.17}


def rows(results):
    """(claim, rows of context, wanted, found, error, met) in the order of the claims; what was not run is left out."""
    main, references, coverage = (results[k]["comparison"] for k in ("main", "references", "coverage"))
    heads = [h for h in ("compact", "gaussian-process") if h in predictors(references, 256)]
    found = []

    def claim(text, size, wanted, value, error=None, at_least=True):
        if value is not None:
            met = value >= wanted if at_least else value <= wanted
            found.append((text, size, ("≥ " if at_least else "≤ ", wanted), value, error, met))

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
                        f"{head}: ECE with {name}",
                        size,
                        0.035,
                        here[arm(head, name)]["mean"].get("ece"),
                        at_least=False,
                    )
            useless = mean_difference(here.get(arm(head, "shuffled:3")), here[head])
            gain(f"{head}: three useless references", size, -0.003 if size == 256 else -0.008, useless)
        here = predictors(references, 256)
        turned = mean_difference(here.get(arm(head, "inverted:3")), here.get(arm(head, "others:2")))
        gain(f"{head}: one inverted among three against two good ones", 256, -0.01, turned)
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
        claim("ECE, mean of all", size, 0.045 if size == 256 else 0.06, mine["mean"].get("ece"), at_least=False)
        fit = mine["mean"].get("belief")
        if fit:
            claim(
                "80 % interval, observed less expected, by size",
                size,
                0.03,
                abs(fit["coverage"] - fit["coverage_expected"]),
                at_least=False,
            )
    return found


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
