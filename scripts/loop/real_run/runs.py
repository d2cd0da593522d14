"""Runs of a trainer on measured outcomes: which prompts a step has, at which visit, and how often each is solved.

Sources, with the mean number of rollouts a prompt: `sample` (8 recorded rollouts, mean 4; two policies), `loop` (32,
mean 8; a policy that changes from visit to visit), `real run` (the held-out tasks of the real run with their exact
success rates at its start, mean 8). With a folder of outcomes (`--data`, such as the evaluation part of the project's
data) also `v0_dapo` (10, mean 5; two policies at three steps), `oneshot_rlvr` (8, mean 4; a policy in training, whose
prompts are visited at successive steps), `deepscaler_k128` (128 and more, mean 8) and `evalperf` (50 or 100, mean 8).
Prompts with which the head was trained are left out, but for `evalperf`, which is too small without them.

A prompt's recorded rate is the policy's here: histories are drawn from it, with replacement.
"""

import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

from pool import Pool  # noqa: E402
from preset import Prompt, held_out  # noqa: E402

from common import paths, rows  # noqa: E402

BATCH, BATCHES, SMALL = 64, 8, 16
Steps = list[tuple[int, list[Prompt]]]


class Run:
    """The steps of a policy: (visit, prompts) each. `visit` is 0 where the prompts are new."""

    def __init__(self, source: str, name: str, mean: int, steps: Steps):
        self.source, self.name, self.mean, self.steps = source, name, mean, steps


def visited(prompts: list[Prompt], size: int = BATCH) -> Steps:
    """All prompts, all again, and half of them a third time."""
    batches = [prompts[first : first + size] for first in range(0, min(len(prompts), size * BATCHES), size)]
    batches = [batch for batch in batches if len(batch) >= size // 2]
    return [
        (visit, batch) for visit, part in enumerate((batches, batches, batches[: len(batches) // 2])) for batch in part
    ]


def changing(versions: list[list[Prompt]], size: int) -> Steps:
    """The same prompts at each visit, under a policy that changes."""
    return [
        (visit, prompts[first : first + size])
        for visit, prompts in enumerate(versions)
        for first in range(0, len(prompts) - size // 2, size)
    ]


def of_repository() -> list[Run]:
    """Runs on what is in the repository."""
    texts = {row["prompt_id"]: row["prompt"] for row in rows.read(paths.SAMPLE / "sample.prompts.jsonl.gz")}
    outcomes = rows.read(paths.SAMPLE / "sample.outcomes.jsonl.gz")
    found = []
    for policy in sorted({row["policy_id"] for row in outcomes}):
        of = [row for row in outcomes if row["policy_id"] == policy and row["role"] == "query"]
        prompts = [Prompt(row["prompt_id"], texts[row["prompt_id"]], row["k"], row["n"]) for row in of]
        found.append(Run("sample", policy, 4, visited(shuffled(prompts))))
    pool = Pool(HERE.parent / "data" / "pool.jsonl.gz")
    order = shuffled(pool.prompt_ids)
    versions = [
        [Prompt(i, texts[i], round(sum(pool.rewards[v, i])), len(pool.rewards[v, i])) for i in order]
        for v in pool.versions
    ]
    found.append(Run("loop", "versions", 8, changing(versions, SMALL)))
    found.append(Run("real run", "start", 8, visited(held_out())))
    return found


def of_data(folder: pathlib.Path) -> list[Run]:
    """Runs on outcomes that are not in the repository."""
    found = []
    for (policy, version), prompts in groups(folder, "v0_dapo", {"context", "query"}).items():
        found.append(Run("v0_dapo", f"{policy}@{version}", 5, visited(shuffled(prompts))))
    stages = list(groups(folder, "oneshot_rlvr", {"query"}).values())
    for first in range(0, len(stages) - 5, 6):
        of = stages[first : first + 6]
        names = set.intersection(*({prompt.name for prompt in stage} for stage in of))
        order = shuffled(sorted(names))
        by_name = [{prompt.name: prompt for prompt in stage} for stage in of]
        versions = [[stage[name] for name in order] for stage in by_name]
        found.append(Run("oneshot_rlvr", f"steps {first}", 4, changing(versions, BATCH)))
    (prompts,) = groups(folder, "deepscaler_k128", {"query"}).values()
    order, size = shuffled(prompts), BATCH * BATCHES
    found += [Run("deepscaler_k128", f"part {part}", 8, visited(order[part * size :])) for part in range(4)]
    for (policy, _), prompts in groups(folder, "evalperf", {"context", "query"}).items():
        found.append(Run("evalperf", policy, 8, visited(shuffled(prompts), SMALL)))
    return found


def groups(folder: pathlib.Path, source: str, roles: set[str]) -> dict[tuple, list[Prompt]]:
    """Prompts by (policy, version) of a source, in the order of the file."""
    texts = {row["prompt_id"]: row["prompt"] for row in rows.read(folder / f"{source}.prompts.jsonl.gz")}
    found: dict[tuple, list[Prompt]] = {}
    for row in rows.read(folder / f"{source}.outcomes.jsonl.gz"):
        if row["role"] in roles:
            n = int(row["n"])
            prompt = Prompt(row["prompt_id"], texts[row["prompt_id"]], round(row["reward"] * n), n)
            found.setdefault((row["policy_id"], row["policy_version"]), []).append(prompt)
    return dict(sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or 0)))


def shuffled(items: list) -> list:
    order = list(items)
    random.Random(0).shuffle(order)
    return order


def halves(runs: list[Run], seed: int = 0) -> tuple[list[Run], list[Run]]:
    """To choose with, and to judge with: each source's runs are divided by seed, and the odd one goes to either."""
    draw = random.Random(seed)
    choosing: list[Run] = []
    for source in dict.fromkeys(run.source for run in runs):
        of = [run for run in runs if run.source == source]
        draw.shuffle(of)
        choosing += of[: len(of) // 2 + int(len(of) % 2 == 1 and draw.random() < 0.5)]
    return choosing, [run for run in runs if run not in choosing]
