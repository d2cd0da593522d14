"""What budgets planned on a head's belief realise under measured rates, beside uniform, mean-alone and oracle plans.

    python3 budget.py --data DATA --embeddings x.npz --head compact-head.safetensors [--sources v0_dapo oneshot_rlvr]

`expectedContrast` U(B, p) = B·q·(1 − q^(B−1)), q = 1 − p, at a mean of 8 rollouts in [4, 32]; concave envelope as the
product's default planner. Rates are the measured k of n of query rows. 256 context rows drawn by each of the seeds.
"""

import argparse

import numpy as np

from inference import Head
from outcomes import load

LOW, HIGH, MEAN = 4, 32, 8
BUDGETS = np.arange(LOW, HIGH + 1)


def utility(p):
    """U at every budget for rates p: (P, budgets)."""
    q = 1 - np.asarray(p)[:, None]
    return BUDGETS * q * (1 - q ** (BUDGETS - 1))


def expected(p, kappa):
    """The belief's mean of U: B·(E[q] − E[q^B])."""
    a, b = p[:, None] * kappa, (1 - p[:, None]) * kappa
    steps = np.arange(HIGH)
    powers = np.cumprod((b + steps) / (a + b + steps), axis=1)
    return BUDGETS * ((1 - p)[:, None] - powers[:, BUDGETS - 1])


def plan(values, total):
    """Budgets by the least concave majorant: steepest segments first; what is left goes to single completions."""
    segments = []
    for i, v in enumerate(values):
        hull = [0]
        for j in range(1, len(v)):
            while len(hull) > 1 and (v[j] - v[hull[-1]]) * (hull[-1] - hull[-2]) >= (
                    v[hull[-1]] - v[hull[-2]]) * (j - hull[-1]):
                hull.pop()
            hull.append(j)
        segments += [((v[t] - v[s]) / (t - s), i, s, t) for s, t in zip(hull, hull[1:]) if v[t] > v[s]]
    budget = np.zeros(len(values), int)
    left = total - LOW * len(values)
    stuck = set()
    for slope, i, s, t in sorted(segments, key=lambda segment: (-segment[0], segment[1], segment[2])):
        if i in stuck:
            continue
        if t - s <= left:
            budget[i], left = t, left - (t - s)
        else:
            stuck.add(i)
    while left > 0:
        gains = [(v[min(b + left, len(v) - 1)] - v[b], i) for i, (v, b) in enumerate(zip(values, budget))]
        gain, i = max(gains, key=lambda g: (g[0], -g[1]))
        if gain <= 0:
            break
        step = min(left, len(values[i]) - 1 - budget[i])
        budget[i], left = budget[i] + step, left - step
    return budget + LOW


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--embeddings", nargs="+", required=True)
    parser.add_argument("--head", required=True)
    parser.add_argument("--sources", nargs="*")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--versions", type=int, default=4)
    parser.add_argument("--kappa", type=float, help="instead of the head's")
    options = parser.parse_args()
    corpus, head = load(options.data, [], options.embeddings), Head(options.head)
    for source, records in corpus.training.items():
        if options.sources and source not in options.sources:
            continue
        if max(r.rollouts.max() for r in records) < 2:
            continue
        rows = []
        chosen = sorted({round(i) for i in np.linspace(0, len(records) - 1, options.versions)})
        for record in records if len(records) <= 8 else [records[i] for i in chosen]:
            pool, query = np.where(~record.is_query)[0], np.where(record.is_query)[0]
            if len(pool) < 64 or len(query) < 20:
                continue
            query = np.random.RandomState(3).permutation(query)[:600]
            rates = record.rewards[query]
            true, total = utility(rates), MEAN * len(query)

            def realised(values):
                return true[np.arange(len(query)), plan(values, total) - LOW].sum()

            uniform, oracle = true[:, MEAN - LOW].sum(), realised(true)
            for seed in range(options.seeds):
                context = np.random.RandomState(1000 + seed).permutation(pool)[:256]
                c, q = record.prompts[context], record.prompts[query]
                prepared = head.prepare(corpus.embeddings[c], corpus.surface[c], record.rewards[context],
                                        record.rollouts[context])
                p, kappa, _ = head.predict(prepared, corpus.embeddings[q], corpus.surface[q])
                kappa = options.kappa or kappa
                rows.append((record.name, seed, kappa, (realised(expected(p, kappa)) - uniform) / (oracle - uniform),
                             (realised(utility(p)) - uniform) / (oracle - uniform), oracle / uniform - 1))
        for name in dict.fromkeys(r[0] for r in rows):
            mine = np.array([r[2:] for r in rows if r[0] == name])
            print(f"{source} {name}: kappa {mine[:, 0].mean():.2f}, belief {mine[:, 1].mean():+.3f} ± "
                  f"{mine[:, 1].std(ddof=1) / len(mine)**0.5:.3f}, mean alone {mine[:, 2].mean():+.3f}, "
                  f"oracle {mine[:, 3].mean():+.2f}", flush=True)
        mine = np.array([r[2:] for r in rows])
        print(f"{source}: belief {mine[:, 1].mean():+.3f}, mean alone {mine[:, 2].mean():+.3f} of the way from uniform "
              f"to oracle\n", flush=True)


if __name__ == "__main__":
    main()
