"""Writes Tests/Goldens/compact/compact.safetensors: features, contexts and every stage of HEAD.md for them.

    python3 golden.py --embeddings sample.safetensors --head compact-head.safetensors --output FILE

Features are those of prompts of the sample corpus (`../sample`), rounded to half precision. `pool.embedding`
(272, 384) and `pool.surface` (272, 30) hold them; case k's context is the pool's first N rows, its queries are the
pool's last eight. `<k>.` tensors: rewards, rollouts, and results in float32, computed in double by inference.py from
the float32 weights.
"""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from inference import Head
from outcomes import digest, read_embeddings, surface_features
from safetensors.numpy import save_file

from common import arguments, paths, rows

QUERIES = 8
CASES = [  # name, rows, kind of outcome
    ("empty", 0, "binary"),
    ("one", 1, "binary"),
    ("eight", 8, "fraction"),
    ("all-right", 32, "ones"),
    ("thirty-two", 32, "binary"),
    ("partial-credit", 32, "partial"),
    ("full", 256, "fraction"),
    ("full-binary", 256, "binary"),
]


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("--embeddings", required=True, metavar="FILE", help="embeddings of the sample's prompts")
    parser.add_argument("--head", required=True, metavar="FILE", help="the trained head")
    arguments.add_output(parser, "file to write")
    options = parser.parse_args()
    vectors = read_embeddings([options.embeddings])
    prompts = {row["prompt_id"]: row["prompt"] for row in rows.each(paths.SAMPLE / "sample.prompts.jsonl.gz")}
    outcomes = {
        row["prompt_id"]: (row["reward"], row["n"])
        for row in rows.each(paths.SAMPLE / "sample.outcomes.jsonl.gz")
        if "three-shot" in row["policy_id"]
    }
    random = np.random.RandomState(4)
    names = [str(n) for n in random.permutation(sorted(outcomes))[: 256 + QUERIES]]
    x = np.array([vectors[digest(prompts[n])] for n in names], np.float16)
    surface = np.array([surface_features(prompts[n]) for n in names]).astype(np.float16)
    tensors = {"pool.embedding": x, "pool.surface": surface}
    head = Head(options.head)
    xq, sq = x[-QUERIES:].astype(np.float64), surface[-QUERIES:].astype(np.float64)
    cases = []
    for name, count, kind in CASES:
        rewards = np.array([outcomes[n][0] for n in names[:count]], np.float64)
        rollouts = np.array([outcomes[n][1] for n in names[:count]], np.float64)
        if kind == "ones":
            rewards, rollouts = np.ones(count), np.ones(count)
        elif kind == "binary":
            rewards, rollouts = (random.rand(count) < rewards).astype(float), np.ones(count)
        elif kind == "partial":  # any reward, any number of rollouts, as float32 holds them
            rewards = random.rand(count).astype(np.float32).astype(np.float64)
            rollouts = random.choice([1.0, 2.0, 5.0], count)
        c = head.prepare(x[:count].astype(np.float64), surface[:count].astype(np.float64), rewards, rollouts)
        p, kappa, stages = head.predict(c, xq, sq)
        results = {
            "rewards": rewards,
            "rollouts": rollouts,
            "context.columns": c["columns"],
            "level": [c["level"]],
            "odds": c["odds"],
            "context.log_odds": c["context"],
            "query.z": stages["z"],
            "query.columns": stages["columns"],
            "query.log_odds": stages["regression"],
            "p": p,
            "kappa": [kappa],
        }
        for key, value in results.items():
            tensors[f"{name}.{key}"] = np.ascontiguousarray(np.asarray(value, np.float32))
        cases.append(f"{name}:{count}")
        print(name, count, "level {:.3f} kappa {:.3f}".format(c["level"], kappa), "p", p.round(3))
    save_file(
        tensors,
        options.output,
        {
            "cases": " ".join(cases),
            "made by": "scripts/train/golden.py",
            "numpy": np.__version__,
            "tolerance": "1e-4 absolute on p, 1e-3 on log-odds",
        },
    )
    print(pathlib.Path(options.output).stat().st_size, "bytes")


if __name__ == "__main__":
    main()
