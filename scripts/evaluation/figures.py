"""Reads `comparison` in the output of `statezero evaluate --json`, and compares predictors on the same draws."""

import math
import statistics

HEADS = {  # in the report's order
    "0.1.0": "compact head of 0.1.0",
    "compact": "compact head",
    "gaussian-process": "Gaussian process",
}
NAMES = HEADS | {
    "knn10": "10 nearest neighbours",
    "logistic": "logistic regression",
    "length": "prompt length",
    "constant": "constant",
    "other-policies": "oracle: other policies' mean",
}


def predictors(comparison, size):
    """By name, at one context size, in the report's order."""
    found = next((s for s in comparison["sizes"] if s["context_size"] == size), {"predictors": []})["predictors"]
    order = list(NAMES)
    return dict(
        sorted(((p["name"], p) for p in found), key=lambda item: order.index(item[0]) if item[0] in order else 99)
    )


def by_source(predictor):
    return {source["source"]: source for source in predictor["sources"]}


def sizes(comparison):
    return [size["context_size"] for size in comparison["sizes"]]


def arm(head, references, comparison=None):
    """Name of a head under an arm."""
    part = (comparison or {}).get("reference_coverage", 1)
    on = f" on {round(100 * part)} %" if part < 1 else ""
    return head if references == "none" else f"{head}, {references}{on}"


def difference(one, other):
    """Mean AUC of one source's figures less another's on the same draws, with its standard error; None without any.

    The error is √(policies² + draws²), as the program's.
    """
    known = {(d["policy"], d["seed"]): d.get("auc") for d in (other or {}).get("draws", [])}
    found = {}
    for draw in (one or {}).get("draws", []):
        base = known.get((draw["policy"], draw["seed"]))
        if draw.get("auc") is not None and base is not None:
            found.setdefault(draw["policy"], {})[draw["seed"]] = draw["auc"] - base
    if not found:
        return None
    means = {policy: statistics.fmean(values.values()) for policy, values in found.items()}
    seeds = sorted({seed for values in found.values() for seed in values})
    effects = [statistics.fmean([found[p][seed] - means[p] for p in found if seed in found[p]]) for seed in seeds]
    errors = [
        statistics.stdev(values) / math.sqrt(len(values))
        for values in (list(means.values()), effects)
        if len(values) > 1
    ]
    return statistics.fmean(means.values()), math.hypot(*errors) if errors else None


def least_difference(one, other):
    """The source where `difference` is least: its name, value and error; None without any."""
    if one is None or other is None:
        return None
    base = by_source(other)
    found = [(name, difference(figures, base.get(name))) for name, figures in by_source(one).items()]
    return min(((name, *pair) for name, pair in found if pair), key=lambda item: item[1], default=None)


def mean_difference(one, other, sources=None):
    """Mean over sources of `difference`: value, error, number of sources; None without any."""
    if one is None or other is None:
        return None
    base = by_source(other)
    found = [
        difference(figures, base.get(name))
        for name, figures in by_source(one).items()
        if sources is None or name in sources
    ]
    found = [pair for pair in found if pair]
    if not found:
        return None
    errors = [error for _, error in found if error is not None]
    return (
        statistics.fmean(value for value, _ in found),
        math.sqrt(sum(e * e for e in errors)) / len(found) if errors else None,
        len(found),
    )
