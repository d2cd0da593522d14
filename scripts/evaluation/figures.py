"""Reads `comparison` in the output of `statezero evaluate --json`."""

NAMES = {  # in the report's order
    "compact": "compact head",
    "gaussian-process": "Gaussian process",
    "knn10": "10 nearest neighbours",
    "logistic": "logistic regression",
    "length": "prompt length",
    "constant": "constant",
    "other-policies": "oracle: other policies' mean",
    "left-out": "compact head, source left out",
}


def predictors(comparison, size):
    """By name, at one context size, in the report's order."""
    found = next(s for s in comparison["sizes"] if s["context_size"] == size)["predictors"]
    order = list(NAMES)
    return dict(sorted(((p["name"], p) for p in found), key=lambda item: order.index(item[0])))


def by_source(predictor):
    return {source["source"]: source for source in predictor["sources"]}


def sizes(comparison):
    return [size["context_size"] for size in comparison["sizes"]]
