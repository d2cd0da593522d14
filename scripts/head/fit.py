"""Fits the constants of the Gaussian-process head on training policies and prompts only.

    python3 embed.py --model FOLDER --data DATA/train --output train.npz
    python3 fit.py --data DATA/train --embeddings train.npz --output constants.json

DATA has `<source>.prompts.jsonl.gz` (prompt_id, prompt, data_source) and `<source>.outcomes.jsonl.gz` (policy_id,
policy_version, prompt_id, reward, n). Sources: MMLU-Pro, reasoning-gym-eval, ZeroEval (MATH level 5, CRUX, GSM8K),
grade-school-math, LLMRouter, One-Shot-RLVR, as published by TIGER-AI-Lab, open-thought, WildEval, openai, ulab-uiuc and
ypwang61. Queries are prompts held out by a hash of their id (of the task family for reasoning_gym). The prior weights
of a source are those of the *other* sources while the calibration is fitted, so that it holds where nothing was learnt.
"""

import glob
import json
import os
import pathlib
import sys
import zlib
from collections import defaultdict

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import gaussian_process as gp
import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln
from surface_features import surface_features

from common import arguments, rows

PRIOR_SHRINKAGE = 0.5  # chosen with GAMMA and SURFACE by AUC on held-out training prompts, source left out


def load(folder, embeddings):
    stored = np.load(embeddings)
    vectors = dict(zip(map(str, stored["ids"]), stored["X"]))
    index, x, f, side, data = {}, [], [], [], {}
    for path in sorted(glob.glob(f"{folder}/*.prompts.jsonl.gz")):
        source = os.path.basename(path).split(".")[0]
        for row in rows.each(path):
            key = row["prompt_id"]
            if key in vectors and key not in index:
                index[key] = len(x)
                x.append(vectors[key])
                f.append(surface_features(row["prompt"]))
                held = zlib.crc32(("x" + row["data_source"]).encode()) % 3 == 0
                side.append(held if source == "reasoning_gym" else zlib.crc32(key.encode()) % 10 < 3)
        policies = defaultdict(list)
        for row in rows.each(path.replace(".prompts.", ".outcomes.")):
            if row["prompt_id"] in index:
                key = (row["policy_id"], row["policy_version"])
                policies[key].append((index[row["prompt_id"]], row["reward"], row["n"]))
        data[source] = {key: np.array(value) for key, value in policies.items() if len(value) >= 80}
    return np.array(x, np.float64), np.array(f), np.array(side), data


def prior_weights(x, z, data):
    """By source: mean over policies of the surface weights, generalised least squares with the embedding as noise."""
    means = {}
    for source, policies in data.items():
        weights = []
        for key in sorted(policies, key=str)[: 8 if source == "oneshot_rlvr" else None]:
            rows = policies[key]
            rows = rows[np.random.RandomState(0).permutation(len(rows))[:700]]
            i, y = rows[:, 0].astype(int), rows[:, 1]
            if y.std() < 0.1:
                continue
            s, _ = gp.standardised(z[i], z[i])
            noise = 0.25 * np.exp(-1.5 * np.maximum(0, 2 - 2 * x[i] @ x[i].T)) + 0.9 * np.eye(len(i))
            solved = np.linalg.solve(noise, s)
            weights.append(
                np.linalg.solve(
                    s.T @ solved + s.shape[1] / 3 * np.eye(s.shape[1]), solved.T @ ((y - y.mean()) / y.std())
                )
            )
        means[source] = np.mean(weights, 0)
    return means


def episodes(data, side, sizes, policies_max=14):
    for source, policies in data.items():
        keys = sorted(policies, key=str)
        np.random.RandomState(3).shuffle(keys)
        for key in keys[:policies_max]:
            rows = policies[key]
            held = side[rows[:, 0].astype(int)]
            context, queries = rows[~held], rows[held]
            if len(queries) < 20:
                continue
            random = np.random.RandomState(zlib.crc32(str((source, key)).encode()))
            context = context[random.permutation(len(context))]
            queries = queries[random.permutation(len(queries))[:300]]
            for size in sizes:
                if len(context) >= size and context[:size, 1].std() > 0:
                    yield source, key, size, context[:size], queries


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder of prompts and outcomes", required=True)
    parser.add_argument("--embeddings", required=True, metavar="FILE", help="npz file that embed.py wrote")
    arguments.add_output(parser, "JSON file to write")
    options = parser.parse_args()
    x, f, side, data = load(options.data, options.embeddings)
    mean, scale = f.mean(0), f.std(0) + 1e-6
    constants = {"mean": mean.round(4).tolist(), "scale": scale.round(4).tolist()}
    z = gp.population(f, constants)
    means = prior_weights(x, z, data)
    constants["prior"] = (PRIOR_SHRINKAGE * np.mean(list(means.values()), 0)).round(4).tolist()

    records = []
    for source, _key, size, context, queries in episodes(data, side, (16, 32, 64, 128, 256, 512)):
        others = [weights for name, weights in means.items() if name != source]
        elsewhere = dict(constants, prior=PRIOR_SHRINKAGE * np.mean(others, 0))
        c, q = context[:, 0].astype(int), queries[:, 0].astype(int)
        raw, base, _ = gp.raw_score(x[c], f[c], context[:, 1], context[:, 2], x[q], f[q], elsewhere)
        records.append((source, size, raw, base, queries[:, 1], queries[:, 2]))
    # Every source has the same weight.
    share = defaultdict(int)
    for source, _, raw, *_ in records:
        share[source] += len(raw)
    size = np.concatenate([np.full(len(r[2]), r[1]) for r in records])
    raw = np.concatenate([r[2] for r in records])
    base = np.concatenate([np.full(len(r[2]), r[3]) for r in records])
    y = np.concatenate([r[4] for r in records])
    n = np.concatenate([r[5] for r in records])
    weight = np.concatenate([np.full(len(r[2]), 1 / share[r[0]]) for r in records])
    weight /= weight.sum()

    def unpack(v):
        return dict(constants, slope=[v[0], v[1]], level=v[2])

    def loss(v):
        p = gp.calibrated(raw, base, size, unpack(v))
        return -np.sum(weight * (y * np.log(p) + (1 - y) * np.log1p(-p)))

    fitted = minimize(loss, [0.0, 0.0, 1.0], method="Nelder-Mead")
    constants.update(slope=fitted.x[:2].round(4).tolist(), level=round(float(fitted.x[2]), 4))
    p = gp.calibrated(raw, base, size, constants)
    plain = -np.sum(weight * (y * np.log(base) + (1 - y) * np.log1p(-base)))
    print(f"log loss: base rate {plain:.4f}, uncalibrated {loss([0, 0, 1]):.4f}, calibrated {fitted.fun:.4f}", fitted.x)

    # One rollout says nothing about the concentration, whatever it is; only rows with more do.
    many = n > 1
    k = y * n

    def negative(kappa, p, k, n, w):
        a, b = p * kappa, (1 - p) * kappa
        return -np.sum(w * (betaln(a + k, b + n - k) - betaln(a, b))) / w.sum()

    # Also tried: ln kappa linear in the log of the context's size and in (2p - 1)^2. Both slopes came out as nothing.
    grid = np.geomspace(0.1, 20, 200)
    point = -np.sum((weight * (k * np.log(p) + (n - k) * np.log1p(-p)))[many]) / weight[many].sum()
    losses = [negative(c, p[many], k[many], n[many], weight[many]) for c in grid]
    constants["logKappa"] = round(float(np.log(grid[int(np.argmin(losses))])), 3)
    print(f"beta-binomial, nats a row: point {point:.4f}, kappa {np.exp(constants['logKappa']):.3f} {min(losses):.4f}")
    base_losses = [negative(c, base[many], k[many], n[many], weight[many]) for c in grid]
    constants["baseKappa"] = round(float(grid[int(np.argmin(base_losses))]), 2)
    print("base rate: kappa", constants["baseKappa"], round(min(base_losses), 4))
    for s in sorted(set(size)):
        m = size == s
        o = np.argsort(p[m], kind="stable")
        bins = np.array_split(o, 15)
        ece = sum(abs(p[m][b].mean() - y[m][b].mean()) * len(b) for b in bins) / m.sum()
        print(s, "pooled ECE", round(ece, 4), "Brier", round(float(np.mean((p[m] - y[m]) ** 2)), 4))
    with open(options.output, "w") as file:
        json.dump(constants, file, indent=1)


if __name__ == "__main__":
    main()
