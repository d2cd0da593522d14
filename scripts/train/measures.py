"""The metrics that compare heads, as `statezero evaluate` computes them."""

import numpy as np
from scipy.stats import rankdata

CLASS_MIN = 5


def auc(rewards, scores, least=CLASS_MIN):
    """Intra-context AUC with label reward ≥ 0.5; NaN with too few of a class."""
    labels = np.asarray(rewards) >= 0.5
    ones, zeros = labels.sum(), (~labels).sum()
    if min(ones, zeros) < least:
        return np.nan
    return (rankdata(scores)[labels].sum() - ones * (ones + 1) / 2) / (ones * zeros)


def by_source(records, figure):
    """Mean over seeds, then policies, then sources; with the standard error of the mean over policies.

    `records` have source, policy and the figure; returns (mean, standard error, {source: mean}).
    """
    tree = {}
    for record in records:
        value = record[figure]
        if np.isfinite(value):
            tree.setdefault(record["source"], {}).setdefault(record["policy"], []).append(value)
    means, variances = {}, []
    for source, policies in tree.items():
        values = [np.mean(v) for v in policies.values()]
        means[source] = float(np.mean(values))
        if len(values) > 1:
            variances.append(np.var(values, ddof=1) / len(values))
        else:  # one policy: all there is to say is the spread of its draws
            draws = list(policies.values())[0]
            variances.append(np.var(draws, ddof=1) / len(draws) if len(draws) > 1 else 0.0)
    return float(np.mean(list(means.values()))), float(np.sqrt(sum(variances)) / len(means)), means
