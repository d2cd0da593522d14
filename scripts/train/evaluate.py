"""Scores a head and the baselines on an evaluation part: policies and query prompts that training has not seen.

    python3 evaluate.py --data DATA/eval --embeddings eval.npz --head compact-head.safetensors --output scores.jsonl
    python3 evaluate.py --show scores.jsonl [more.jsonl]

One line a context and size: source, policy, seed, N, model, AUC, Brier score, log loss, and sums for calibration. The
Gaussian process is `../head/gaussian_process.py`; `--baselines` scores it, 10 nearest neighbours, length and constant.
"""

import argparse
import json
import os
import sys
import time

import numpy as np
from scipy.stats import beta

from inference import Head
from measures import auc, by_source, calibration_error, shortcut
from outcomes import load

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../head"))
import gaussian_process as gp  # noqa: E402

CONSTANTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../head/constants.json")
SIZES = [16, 32, 64, 128, 256, 512, 1024]
VERSIONS = 4  # of one policy; neighbouring steps of a run are nearly the same policy
QUERIES = 600


def draws(records, sizes, seeds):
    by_policy = {}
    for record in records:
        by_policy.setdefault(record.policy, []).append(record)
    for versions in by_policy.values():
        chosen = sorted({round(i) for i in np.linspace(0, len(versions) - 1, min(VERSIONS, len(versions)))})
        for record in (versions[i] for i in chosen):
            context, query = np.where(~record.is_query)[0], np.where(record.is_query)[0]
            query = np.random.RandomState(3).permutation(query)[:QUERIES]
            ones = (record.rewards[query] >= 0.5).sum()
            if len(context) < 128 or min(ones, len(query) - ones) < 5:
                continue
            for seed in range(seeds):
                order = np.random.RandomState(1000 + seed).permutation(context)
                for rows in sizes:
                    yield record, seed, rows, order[:rows], query


def baselines(corpus, record, context, query, constants):
    c, q, y = record.prompts[context], record.prompts[query], record.rewards[context]
    x = corpus.embeddings.astype(np.float64)
    constant = np.full(len(q), gp.base_rate(y))
    result = {"constant": constant, "gp": constant}
    if len(y) >= 16 and y.std() > 0:
        raw, base, _ = gp.raw_score(x[c], corpus.surface[c], y, record.rollouts[context], x[q], corpus.surface[q],
                                    constants)
        result["gp"] = gp.calibrated(raw, base, len(y), constants)
    nearest = np.argsort(-(x[q] @ x[c].T), axis=1, kind="stable")[:, :10]
    result["knn10"] = y[nearest].mean(1)
    lengths = np.array([len(corpus.texts[i].encode()) for i in c]), np.array([len(corpus.texts[i].encode()) for i in q])
    sign = -1 if np.cov(lengths[0], y)[0, 1] < 0 else 1
    result["length"] = sign * lengths[1].astype(np.float64)
    return result


def score(options):
    corpus = load(options.data, [], options.embeddings)
    constants = json.load(open(CONSTANTS))
    head = Head(options.head) if options.head else None
    started = time.time()
    with open(options.output, "a") as file:
        for source, records in corpus.training.items():
            if options.sources and source not in options.sources:
                continue
            for record, seed, rows, context, query in draws(records, options.sizes, options.seeds):
                y = record.rewards[query]
                said, kappa = {}, None
                if head:
                    c = record.prompts[context]
                    prepared = head.prepare(corpus.embeddings[c], corpus.surface[c], record.rewards[context],
                                            record.rollouts[context])
                    q = record.prompts[query]
                    p, kappa, stages = head.predict(prepared, corpus.embeddings[q], corpus.surface[q])
                    said[options.name] = p
                    if options.stages:
                        said[options.name + "/regression"] = head.calibrated(prepared, stages["regression"])
                if options.baselines:
                    said.update(baselines(corpus, record, context, query, constants))
                for model, p in said.items():
                    line = dict(source=source, policy=record.name, seed=seed, N=rows, model=model, auc=auc(y, p))
                    if model != "length":
                        line.update(brier=float(np.mean((p - y) ** 2)), p=np.round(p, 4).tolist(),
                                    y=np.round(y, 4).tolist(), mean=float(record.rewards[context].mean()))
                        if model == options.name:
                            low, high = beta.ppf([[0.1], [0.9]], p * kappa, (1 - p) * kappa)
                            inside = (y >= low - 1e-9) & (y <= high + 1e-9)
                            line.update(kappa=kappa, coverage=float(inside.mean()), n=float(record.rollouts.max()))
                    file.write(json.dumps(line) + "\n")
            file.flush()
            print(f"{source}: {time.time() - started:.0f} s", flush=True)


def show(paths):
    lines = [json.loads(line) for path in paths for line in open(path)]
    models = sorted({line["model"] for line in lines})
    sizes = sorted({line["N"] for line in lines})
    reference = {(r["source"], r["policy"], r["seed"], r["N"]): r["auc"] for r in lines if r["model"] == "gp"}
    for size in sizes:
        here = [line for line in lines if line["N"] == size]
        sources = sorted({line["source"] for line in here})
        print(f"\nN = {size}\n\n| model | mean | − GP | ECE | Brier | shortcut | " + " | ".join(sources) + " |")
        print("| --- " * (6 + len(sources)) + "|")
        for model in models:
            mine = [line for line in here if line["model"] == model]
            if not mine:
                continue
            mean, _, by = by_source(mine, "auc")
            paired = [dict(line, gain=line["auc"] - reference[line["source"], line["policy"], line["seed"], size])
                      for line in mine if (line["source"], line["policy"], line["seed"], size) in reference]
            gain, error, gains = by_source(paired, "gain") if paired else (np.nan, np.nan, {})
            cells = [f"{by.get(s, np.nan):.3f} ({gains.get(s, np.nan):+.3f})" for s in sources]
            if "p" in mine[0]:
                pooled, rho = [], []
                for source in sources:
                    for seed in {line["seed"] for line in mine}:
                        group = [line for line in mine if line["source"] == source and line["seed"] == seed]
                        if group:
                            p, y = (np.concatenate([line[k] for line in group]) for k in "py")
                            pooled.append((source, calibration_error(p, y)))
                            if len({line["mean"] for line in group}) > 1:
                                rho.append(shortcut(p - y, np.concatenate([[g["mean"]] * len(g["y"]) for g in group])))
                ece = np.mean([np.mean([e for s, e in pooled if s == source]) for source in sources])
                brier = by_source(mine, "brier")[0]
                extra = f"{ece:.3f} | {brier:.4f} | {np.nanmean(rho) if rho else np.nan:+.3f}"
            else:
                extra = "– | – | –"
            print(f"| {model} | {mean:.4f} | {gain:+.4f} ± {error:.4f} | {extra} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data")
    parser.add_argument("--embeddings", nargs="+")
    parser.add_argument("--head")
    parser.add_argument("--name", default="head")
    parser.add_argument("--output")
    parser.add_argument("--baselines", action="store_true")
    parser.add_argument("--stages", action="store_true", help="also the regression without its correction")
    parser.add_argument("--sources", nargs="*")
    parser.add_argument("--sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--show", nargs="*")
    options = parser.parse_args()
    if options.show:
        show(options.show)
    else:
        score(options)


if __name__ == "__main__":
    main()
