"""What plans do to what trainers watch, by objective and range: silent groups, rollouts with a gradient, utility.

    python3 scripts/loop/real_run/preset.py [--page FILE]

Asks a real coordinator and worker for plans, and computes what their groups give in expectation, as measured:

- `sample`: 868 prompts of the sample, eight rollouts each, two policies; four rollouts a prompt on average;
- `loop`: 48 prompts of the loop's pool, 32 rollouts each, six versions of a policy; eight on average;
- `real run`: the held-out tasks of the real run and its policy's exact success rates at the start; eight on average.

`first` plans have no history: the same budgets, whatever the policy. `later` plans know a first step of other prompts
(sample, real run: 256 of them) or of the same (loop). Batches have at most 64 prompts. Standard library only.
`widening.py` chooses and judges the preset of the Python client on more sources, over whole runs.
"""

import gzip
import itertools
import json
import math
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1]), str(HERE.parents[1] / "python" / "src")]

import tasks  # noqa: E402
from pool import Pool  # noqa: E402

from common import arguments, markdown, paths, rows  # noqa: E402
from common.cluster import Cluster  # noqa: E402
from statezero import Client  # noqa: E402

BATCH, HISTORY = 64, 256
OBJECTIVES = ["expectedContrast", "advantageMass", "informationGain", "mixedGroupProbability"]


class Prompt:
    """A prompt with what was measured of it: `k` of `n` rollouts succeeded, or `p` exactly."""

    def __init__(self, name: str, text: str, k: int = 0, n: int = 0, p: float | None = None):
        self.name, self.text, self.k, self.n, self.p = name, text, k, n, p

    def all_alike(self, size: int, failed: bool) -> float:
        """The chance that a group of `size` rollouts fails, or succeeds, as a whole; drawn without replacement."""
        if self.p is not None:
            return ((1 - self.p) if failed else self.p) ** size
        return math.comb(self.n - self.k if failed else self.k, size) / math.comb(self.n, size)

    def mean(self) -> float:
        return self.k / self.n if self.p is None else self.p


class Source:
    """Batches of prompts under one policy, and other prompts with which a history is made."""

    def __init__(self, name: str, mean: int, caps: list[int], batches: list[list[Prompt]], history: list[Prompt]):
        self.name, self.mean, self.caps, self.batches, self.history = name, mean, caps, batches, history


def sample() -> list[Source]:
    texts = {row["prompt_id"]: row["prompt"] for row in rows.read(paths.SAMPLE / "sample.prompts.jsonl.gz")}
    outcomes = rows.read(paths.SAMPLE / "sample.outcomes.jsonl.gz")
    sources = []
    for policy_id in sorted({row["policy_id"] for row in outcomes}):
        of = [row for row in outcomes if row["policy_id"] == policy_id]
        random.Random(0).shuffle(of)
        made = {
            role: [Prompt(r["prompt_id"], texts[r["prompt_id"]], r["k"], r["n"]) for r in of if r["role"] == role]
            for role in ("context", "query")
        }
        sources.append(Source("sample", 4, [8], batched(made["query"]), made["context"][:HISTORY]))
    return sources


def loop() -> list[Source]:
    path = HERE.parent / "data" / "pool.jsonl.gz"
    texts = {row["prompt_id"]: row["prompt"] for row in rows.read(paths.SAMPLE / "sample.prompts.jsonl.gz")}
    pool = Pool(path)
    sources = []
    for version in pool.versions:
        prompts = [
            Prompt(i, texts[i], round(sum(pool.rewards[version, i])), len(pool.rewards[version, i]))
            for i in pool.prompt_ids
        ]
        sources.append(Source("loop", 8, [16, 32], batched(prompts), prompts))
    return sources


def real_run() -> list[Source]:
    prompts = held_out()
    return [Source("real run", 8, [16, 32], batched(prompts[HISTORY:]), prompts[:HISTORY])]


def held_out() -> list[Prompt]:
    """The held-out tasks of the real run with the exact success rates of its policy at the start, in a random order."""
    with gzip.open(HERE / "data" / "runs.json.gz", "rt", encoding="utf-8") as file:
        start = json.load(file)["start"]
    _, found = tasks.sets()
    if [task.cell for task in found] != [cell for cell, _ in start]:
        raise RuntimeError("the held-out tasks are not those of runs.json.gz")
    prompts = [Prompt(str(i), task.prompt, p=p) for i, (task, (_, p)) in enumerate(zip(found, start, strict=True))]
    random.Random(0).shuffle(prompts)
    return prompts


def batched(prompts: list[Prompt]) -> list[list[Prompt]]:
    return [prompts[first : first + BATCH] for first in range(0, len(prompts), BATCH)]


def expected(batch: list[Prompt], budgets: dict[str, int]) -> dict[str, float]:
    """What groups of these sizes give in expectation."""
    found = dict.fromkeys(("groups", "silent", "rollouts", "signal", "utility"), 0.0)
    for prompt in batch:
        size = budgets[prompt.name]
        if not size:
            continue
        alike = [prompt.all_alike(size, failed) for failed in (True, False)]
        found["groups"] += 1
        found["silent"] += sum(alike)
        found["rollouts"] += size
        found["signal"] += size * (1 - sum(alike))
        found["utility"] += size * (1 - prompt.mean()) - size * alike[0]  # failures beside a success
    return found


def history(source: Source, draw: random.Random) -> list[dict]:
    """Outcomes of a step with even budgets."""
    outcomes = []
    for prompt in source.history:
        n, p = source.mean, prompt.mean()
        if prompt.p is None:
            every = [1.0] * prompt.k + [0.0] * (prompt.n - prompt.k)
            rewards = draw.sample(every, n)
        else:
            rewards = [float(draw.random() < p) for _ in range(n)]
        outcomes.append({"prompt_id": prompt.name, "prompt": prompt.text, "step": 0, "rewards": rewards})
    return outcomes


def measure(client: Client, sources: list[Source]) -> list[dict]:
    """A row for each objective and range, over all policies of a source; and even budgets."""
    found: dict[tuple, dict[str, float]] = {}
    for number, source in enumerate(sources):
        ranges = [(low, cap) for low in (2, 4) for cap in source.caps if low < source.mean]
        for when in ("first", "later"):
            run = f"preset/{source.name}/{number}/{when}".replace(" ", "-")
            if when == "later":
                report = client.report(run, history(source, random.Random(number)))
                assert not report.rejected, report.rejected
            for batch in source.batches:
                total = source.mean * len(batch)
                add(found, (when, "even budgets", ""), expected(batch, {p.name: source.mean for p in batch}))
                items = [{"prompt_id": p.name, "prompt": p.text} for p in batch]
                for objective, (low, cap) in itertools.product(OBJECTIVES, ranges):
                    options = {"n_min": low, "n_max": cap, "objective": objective, "preset": None}
                    # Each takes the place of the one before: at a later step, outcomes would be older.
                    plan = client.plan(run, 1, total, items, replace=True, **options)
                    assert plan.total == total and plan.status == "ok", plan
                    add(found, (when, objective, f"{low} to {cap}"), expected(batch, plan.n))
    common = {"source": sources[0].name, "mean": sources[0].mean}
    return [{**common, "when": key[0], "objective": key[1], "range": key[2], **value} for key, value in found.items()]


def add(found: dict, key: tuple, values: dict[str, float]) -> None:
    into = found.setdefault(key, dict.fromkeys(values, 0.0))
    for name, value in values.items():
        into[name] += value


def is_shown(row: dict, mean: int) -> bool:
    """Rows of the short table: even budgets, 2 to twice the mean, and what the API has by default."""
    return row["range"] in ("", f"2 to {2 * mean}", "4 to 32")


def table(measured: list[dict], is_whole: bool) -> str:
    """Markdown. Gains of utility are on even budgets."""
    lines = []
    for row in measured:
        if not (is_whole or is_shown(row, row["mean"])):
            continue
        base = next(r for r in measured if r["objective"] == "even budgets" and is_alike(r, row))
        line = [row["source"], row["when"], row["objective"], row["range"], f"{row['silent'] / row['groups']:.1%}"]
        line += [f"{row['signal'] / row['rollouts']:.1%}"]
        line += ["" if row is base else f"{row['utility'] / base['utility'] - 1:+.1%}"]
        lines.append(line)
    head = ["source", "plans", "objective", "range", "silent groups", "rollouts with a gradient", "utility"]
    return markdown.table(head, lines, "llllrrr")


def is_alike(one: dict, other: dict) -> bool:
    return (one["source"], one["when"]) == (other["source"], other["when"])


def main() -> None:
    parser = arguments.parser(__doc__)
    parser.add_argument("--page", metavar="FILE", help="page whose table is written anew")
    arguments.add_model(parser)
    options = parser.parse_args()
    sources = [sample(), loop(), real_run()]
    measured: list[dict] = []
    with Cluster(options.model, workers=1) as cluster:
        cluster.wait_for_workers(1)
        client = Client(cluster.url, timeout=300, strict=True)
        for each in sources:
            found = measure(client, each)
            measured += sorted(found, key=lambda row: row["when"])
    print(table(measured, is_whole=True))
    if options.page:
        text = table(measured, is_whole=False)
        markdown.replace_between(options.page, "<!-- table: written by preset.py -->", "<!-- end of table -->", text)


if __name__ == "__main__":
    main()
