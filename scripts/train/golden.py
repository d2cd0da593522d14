"""Writes goldens of HEAD.md: features, contexts and every stage for them.

    python3 golden.py --embeddings sample.safetensors --head compact-head.safetensors --output FOLDER

`compact.safetensors`: prompts of the sample corpus (`../sample`), embeddings and surface features rounded to half
precision, n-grams as `pool.grams.starts` (P + 1), `.places` and `.counts`. Case k's context is the pool's first N rows,
its queries are the pool's last eight. `<k>.` tensors are float32, computed in double by inference.py from the float32
weights. Cases with references have `<k>.reference.` tensors, `values` being NaN where there is no outcome; the pool for
their regression on the text is all prompts. `grams.safetensors`: n-grams of texts that are in its metadata.
"""

import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "head"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from character_grams import grams, wide_share
from covariates import Category, Number, Vector
from inference import Head, Rows
from outcomes import digest, read_embeddings, surface_features
from references import (
    RECORD_NULL,
    REFERENCE_OPTIONS,
    Group,
    Link,
    References,
    link_score,
    raw_score,
    stale_record,
    with_null,
)
from safetensors.numpy import save_file

from common import arguments, paths, rows

QUERIES = 8
POOL = 160 + QUERIES
CASES = [  # name, rows, kind of outcome, references, further parts
    ("empty", 0, "binary", "", ""),
    ("one", 1, "binary", "", ""),
    ("eight", 8, "fraction", "", ""),
    ("all-right", 32, "ones", "", ""),
    ("thirty-two", 32, "binary", "", ""),
    ("partial-credit", 32, "partial", "", ""),
    ("full", 160, "fraction", "", ""),
    ("full-binary", 160, "binary", "", ""),
    ("no-grams", 32, "binary", "", "textless"),
    ("wide", 32, "binary", "", "wide"),
    ("empty-with-references", 0, "binary", "one", ""),
    ("one-reference", 8, "binary", "one", ""),
    ("three-references", 32, "binary", "three", ""),
    ("inverted", 160, "binary", "inverted", ""),
    ("covered-in-part", 160, "fraction", "sparse", ""),
    ("few-referenced", 32, "binary", "few", ""),
    ("stale-record", 64, "fraction", "stale", ""),
    ("covariates", 64, "binary", "", "fields"),
    ("covariates-and-references", 64, "binary", "three", "fields"),
]
TEXTS = ["", "a", "Ab", "aaaa", "What is 2 + 2?", "素数とは何ですか。", "中b😀é", "Ünïcode ÀB", "x" * 2001 + "y"]


def outcomes_of(kind, rates, rollouts, random):
    if kind == "ones":
        return np.ones(len(rates)), np.ones(len(rates))
    if kind == "binary":
        return (random.rand(len(rates)) < rates).astype(float), np.ones(len(rates))
    if kind == "partial":  # any reward, any number of rollouts, as float32 holds them
        partial = random.rand(len(rates)).astype(np.float32).astype(np.float64)
        return partial, random.choice([1.0, 2.0, 5.0], len(rates))
    return rates, rollouts


def references_of(kind, rates, random):
    """(values, rollouts), (K, P): outcomes that go with the rates, some inverted, some missing."""
    count = {"one": 1, "three": 3, "inverted": 3, "sparse": 3, "few": 2}[kind]
    noisy = 1 / (1 + np.exp(-(4 * rates - 2 + random.randn(count, len(rates)))))
    rollouts = np.tile(np.array([1.0, 4.0, 16.0])[:count, None], len(rates))
    values = random.binomial(rollouts.astype(int), noisy) / rollouts
    if kind == "inverted":
        values[-1] = 1 - values[-1]
    least = {"sparse": 0.7, "few": 0.95}.get(kind, 0.1)
    return np.where(random.rand(*values.shape) < least, np.nan, values), rollouts


def fields_of(random, rates):
    """Made-up covariates of the pool: a number with gaps, a category with gaps, a vector."""
    number = np.where(random.rand(len(rates)) < 0.1, np.nan, rates + 0.3 * random.randn(len(rates)))
    category = random.randint(-1, 4, len(rates))
    return np.float32(number), category, np.float32(random.randn(len(rates), 5))


def rows_of(pool, index, parts, columns, nulls, context_fields=None):
    """Features of some prompts of the pool, and the fields of a context."""
    found = Rows(pool["x"][index], pool["surface"][index])
    if "textless" not in parts:
        found.grams = [pool["grams"][i] for i in index]
        found.wide = np.full(len(index), 0.5) if "wide" in parts else pool["wide"][index]
    if columns is not None:
        found.columns, found.nulls = columns, nulls
    if "fields" in parts:
        number, category, vector = pool["fields"]
        values = [
            number[index].astype(np.float64),
            [None if v < 0 else int(v) for v in category[index]],
            vector[index].astype(np.float64),
        ]
        if context_fields is None:
            found.fields = [kind(value) for kind, value in zip((Number, Category, Vector), values)]
        else:
            found.fields = [known.like(value) for known, value in zip(context_fields, values)]
    return found


def reference_stages(pool, kind, context, queries, rewards, constants, random):
    """The columns of a case, and every stage of them."""
    if kind == "stale":
        rollouts = random.choice([0.0, 2.0, 8.0], POOL)
        successes = random.binomial(rollouts.astype(int), pool["rates"]).astype(float)
        values, rollouts = stale_record(successes, rollouts)[None], np.maximum(rollouts, 1)[None]
    else:
        values, rollouts = references_of(kind, pool["rates"], random)
    values = np.float32(values).astype(np.float64)
    references = References(values, rollouts, pool["x"], pool["surface"], constants)
    column = references.column(context, rewards)
    null = RECORD_NULL if kind == "stale" else column.null
    everything = np.arange(POOL)
    stages = {
        "values": values,
        "rollouts": rollouts,
        "agreement": references.agreement.weights,
        "null": [null],
        "weights": column.weights,
        "sums": column.sums,
        "counts": column.counts,
        "text": column.text(everything),
        "difficulty": column.difficulty(everything),
        "z": column.of(everything),
    }
    return column.context[:, None], column.of(queries)[:, None], (null,), stages


def process_stages(pool, context, queries, rewards, rollouts, z_context, z_queries, nulls, constants):
    """The Gaussian process without training, with the same column."""
    raw, _, left_out, odds = raw_score(
        pool["x"][context],
        pool["surface"][context],
        rewards,
        rollouts,
        pool["x"][queries],
        pool["surface"][queries],
        constants,
        [Group(z_context, z_queries, with_null(REFERENCE_OPTIONS, nulls[0]))],
    )
    link = Link.fit(link_score(left_out), rewards)
    p = np.clip(link.probability(link_score(raw)), 0.005, 0.995)
    return {"process.raw": raw, "process.left_out": left_out, "process.option_odds": odds, "process.p": p}


def read_pool(options, random):
    vectors = read_embeddings([options.embeddings])
    prompts = {row["prompt_id"]: row["prompt"] for row in rows.each(paths.SAMPLE / "sample.prompts.jsonl.gz")}
    outcomes = {
        row["prompt_id"]: (row["reward"], row["n"])
        for row in rows.each(paths.SAMPLE / "sample.outcomes.jsonl.gz")
        if "three-shot" in row["policy_id"]
    }
    names = [str(n) for n in random.permutation(sorted(outcomes))[:POOL]]
    texts = [prompts[n] for n in names]
    rates = np.array([outcomes[n][0] for n in names], np.float64)
    return {
        "x": np.array([vectors[digest(t)] for t in texts], np.float16).astype(np.float64),
        "surface": np.array([surface_features(t) for t in texts]).astype(np.float16).astype(np.float64),
        "grams": [grams(t) for t in texts],
        "wide": np.array([wide_share(t) for t in texts]),
        "rates": rates,
        "rollouts": np.array([outcomes[n][1] for n in names], np.float64),
        "fields": fields_of(random, rates),
    }


def gram_tensors(prefix, found):
    return {
        prefix + "starts": np.cumsum([0] + [len(places) for places, _ in found]).astype(np.int32),
        prefix + "places": np.concatenate([places for places, _ in found]).astype(np.int32),
        prefix + "counts": np.concatenate([np.rint(np.exp(v - 1)) for _, v in found]).astype(np.int32),
    }


def case(head, pool, name, count, kind, reference, parts, constants):
    """Tensors of one case."""
    random = np.random.RandomState(len(name) + 100 * count)
    context, queries = np.arange(count), np.arange(POOL - QUERIES, POOL)
    rewards, rollouts = outcomes_of(kind, pool["rates"][:count], pool["rollouts"][:count], random)
    results = {"rewards": rewards, "rollouts": rollouts}
    z_context = z_queries = nulls = None
    if reference:
        z_context, z_queries, nulls, stages = reference_stages(
            pool, reference, context, queries, rewards, constants, random
        )
        results.update({"reference." + key: value for key, value in stages.items()})
        if count:
            results.update(
                process_stages(pool, context, queries, rewards, rollouts, z_context, z_queries, nulls, constants)
            )
    rows_c = rows_of(pool, context, parts, z_context, nulls)
    c = head.prepare(rows_c, rewards, rollouts)
    p, kappa, stages = head.predict(c, rows_of(pool, queries, parts, z_queries, nulls, rows_c.fields))
    results.update(
        {
            "context.columns": c["columns"],
            "level": [c["level"]],
            "slopes": c["slopes"],
            "target": c["target"],
            "ridge": c["ridge"],
            "amplitudes": c["amplitudes"],
            "odds": c["odds"],
            "coefficients": c["coefficients"],
            "context.log_odds": c["context"],
            "query.z": stages["z"],
            "query.columns": stages["columns"],
            "query.log_odds": stages["log_odds"],
            "p": p,
            "kappa": [kappa],
        }
    )
    if c["link"] is not None:
        results["link"] = np.concatenate([c["link"].weights, c["link"].covariance.ravel()])
    print(f"{name}: {count} rows, level {c['level']:.3f}, kappa {kappa:.3f}, p {p.round(3)}")
    return {f"{name}.{key}": np.ascontiguousarray(np.asarray(value, np.float32)) for key, value in results.items()}


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("--embeddings", required=True, metavar="FILE", help="embeddings of the sample's prompts")
    parser.add_argument("--head", required=True, metavar="FILE", help="the trained head")
    arguments.add_output(parser, "folder to write into")
    options = parser.parse_args()
    constants = json.loads((pathlib.Path(__file__).resolve().parents[1] / "head/constants.json").read_text())
    pool = read_pool(options, np.random.RandomState(4))
    head = Head(options.head)
    tensors = {
        "pool.embedding": pool["x"].astype(np.float16),
        "pool.surface": pool["surface"].astype(np.float16),
        "pool.wide": pool["wide"].astype(np.float32),
        **gram_tensors("pool.grams.", pool["grams"]),
        **{"pool." + name: np.asarray(v) for name, v in zip(("number", "category", "vector"), pool["fields"])},
    }
    tensors["pool.category"] = tensors["pool.category"].astype(np.int32)
    for each in CASES:
        tensors.update(case(head, pool, *each, constants))
    facts = {"made by": "scripts/train/golden.py", "numpy": np.__version__}
    facts["tolerance"] = "1e-4 absolute on p, 1e-3 on log-odds"
    facts["cases"] = " ".join(f"{name}:{count}:{reference}:{parts}" for name, count, _, reference, parts in CASES)
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "compact.safetensors", facts)
    found = gram_tensors("", [grams(text) for text in TEXTS])
    found["wide"] = np.array([wide_share(text) for text in TEXTS], np.float32)
    save_file(found, folder / "grams.safetensors", {"texts": json.dumps(TEXTS), **facts})
    print(sum(path.stat().st_size for path in folder.iterdir()), "bytes")


if __name__ == "__main__":
    main()
