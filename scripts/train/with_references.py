"""Contexts of kept policies with references: other policies of the same source, some missing, some useless.

What references change in the head is chosen and fitted here: the options of a column, and the concentration's centre.
"""

import json
import pathlib

import numpy as np
from calibration import beta_binomial, has_several, thinned
from inference import Rows
from outcomes import FOLDS
from references import References

REFERENCES = {
    "options": [[0.0, 0.0, 0.5], [0.3, 0.0, 0.1], [1.0, 0.0, 0.1], [0.1, 0.4, 0.1], [0.1, 0.8, 0.1], [0.3, 1.2, 0.1]],
    "slope": [0.5, 0.5],
    "link_deviation": [0.3, 0.3],
}
COUNTS = (1, 3, 10)
COVERAGES = (1.0, 0.6, 0.3)


def constants_of_process():
    path = pathlib.Path(__file__).resolve().parents[1] / "head" / "constants.json"
    return json.loads(path.read_text())


def gram_rows(corpus, prompts):
    """Sparse vectors of prompts as `character_grams.grams` gives them."""
    found = corpus.grams[prompts]
    bounds = zip(found.indptr[:-1], found.indptr[1:])
    return [(found.indices[a:b], found.data[a:b].astype(np.float64)) for a, b in bounds]


def rows_of(corpus, prompts, columns=None, nulls=()):
    return Rows(
        corpus.embeddings[prompts].astype(np.float64),
        corpus.surface[prompts],
        gram_rows(corpus, prompts),
        corpus.wide[prompts],
        columns,
        nulls,
    )


def matrices(others, prompts, coverage, random):
    """(values, rollouts), (K, M) on some prompts, NaN where a reference has none or is hidden."""
    place = {int(p): i for i, p in enumerate(prompts)}
    values, rollouts = np.full((len(others), len(prompts)), np.nan), np.ones((len(others), len(prompts)))
    for k, record in enumerate(others):
        for prompt, reward, n in zip(record.prompts, record.rewards, record.rollouts):
            i = place.get(int(prompt))
            if i is not None:
                values[k, i], rollouts[k, i] = reward, n
    values[:, random.rand(len(prompts)) >= coverage] = np.nan
    return values, rollouts


def pool_of(record, records):
    """Other policies; where there are none, the earlier versions of its run."""
    others = [r for r in records if r.policy != record.policy]
    return others or [r for r in records if (r.version or 0) < (record.version or 0)]


def cases(corpus, validation, sizes=(32, 256), queries=150, policies=2):
    """(record, fold, context, queries, Rows of both) with references drawn from the other kept and trained policies."""
    process = constants_of_process()
    for record, fold, context, query in validation.cases(sizes, queries, range(1), policies):
        pool = pool_of(record, corpus.training[record.source])
        if not pool:
            continue
        random = np.random.RandomState(len(context) + fold)
        count = min(int(random.choice(COUNTS)), len(pool))
        others = [pool[i] for i in random.permutation(len(pool))[:count]]
        prompts = np.concatenate([record.prompts[context], record.prompts[query]])
        values, rollouts = matrices(others, prompts, random.choice(COVERAGES), random)
        x, surface = corpus.embeddings[prompts].astype(np.float64), corpus.surface[prompts]
        inside, outside = np.arange(len(context)), np.arange(len(context), len(prompts))
        column = References(values, rollouts, x, surface, process).column(inside, record.rewards[context])
        known = rows_of(corpus, prompts[inside], column.context[:, None], (column.null,))
        asked = rows_of(corpus, prompts[outside], column.of(outside)[:, None], (column.null,))
        yield record, fold, context, query, known, asked


def concentration_with_references(head, corpus, validation, log):
    """What references add to the centre of ln κ, by beta-binomial likelihood of queries of several rollouts.

    Predictions are those of the copy of the network that has not seen the queries.
    """
    random = np.random.RandomState(0)
    found = []
    for record, fold, context, query, known, asked in cases(corpus, validation):
        rewards, n = thinned(record.rewards[query], record.rollouts[query], random)
        if not has_several(n):
            continue
        copy = head.copy(fold, FOLDS)
        c = copy.prepare(known, record.rewards[context], record.rollouts[context])
        p, _, _ = copy.predict(c, asked)
        centre, by_size, _, _ = head.w["calibration.concentration"]
        size = np.log2((len(context) + 1) / 257)
        many = n > 1
        found.append((centre + by_size * size, p[many], (rewards * n)[many], n[many]))
    if not found:
        return 0.0
    grid = np.linspace(-1, 2, 31)
    scores = [np.mean([beta_binomial(np.exp(base + more), p, k, n).mean() for base, p, k, n in found]) for more in grid]
    best = float(grid[int(np.argmax(scores))])
    log(f"concentration with references: {best:+.2f} on ln kappa, {len(found)} contexts, {max(scores):.4f} nats a row")
    return best
