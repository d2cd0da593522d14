#!/usr/bin/env python3
"""Writes TOKENS.md: plans by tokens against plans by rollouts, on real answers and real costs.

    python3 scripts/replay/tokens.py [--data DIR]

The answers are those in the repository: the sample's (eight answers of two policies to each prompt) and the recorded
pool of the loop (32 answers of six versions of a policy to 48 prompts); their lengths are UTF-8 bytes / 4, at least
1. With --data, a folder that has routerarena.prompts.jsonl.gz and routerarena.outcomes.jsonl.gz, costs in dollars are
compared too. Needs the program (release build, or STATEZERO_BINARY) and the default model.
"""

import gzip
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent)]
from common import arguments, markdown, paths  # noqa: E402

POOL = FOLDER.parent / "loop" / "data" / "pool.jsonl.gz"
SEEDS = 5
INTRODUCTION = """\
# Plans by tokens

The same steps are planned twice: by rollouts (8 per prompt in [4, 32], the most utility per rollout), and by tokens
(the most utility per token). The limit of the second plan is set so that the answers of both have as many tokens, by
the log. Utility is the expected contrast at the true rates, as in [README.md](README.md). Beliefs are the same for
both: the model's, joined with the prompt's own record. "±" is one standard error: the larger of those over seeds and
over prompts.

In *known*, plans know the mean length of the prompt's logged answers. In *reported*, they know only what reports have
shown before the step: the prompt's own earlier answers, and the policy's mean.
"""
COSTS = """\
**Costs in dollars.** `routerarena` has one answer of each policy to each prompt, with its cost (a millionth of a dollar
is the unit, input included). One answer shows no rate, so nothing can be replayed. Instead the queries of each policy
are scored from its context rows, planned by `statezero plan --total` and by `--total-tokens` with `--cost-key` for the
same cost, and compared by what both *expect* under the same beliefs. "±" is the standard error over prompts.
"""


def rows(path: pathlib.Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def mean_tokens(replies: list[str]) -> float:
    return sum(max(1, -(-len(reply.encode()) // 4)) for reply in replies) / len(replies)


def sample() -> list[dict]:
    lengths = {
        (row["policy_id"], row["prompt_id"]): mean_tokens(row["replies"])
        for row in rows(paths.SAMPLE / "sample.replies.jsonl.gz")
    }
    return [
        dict(row, response_tokens=lengths[row["policy_id"], row["prompt_id"]])
        for row in rows(paths.SAMPLE / "sample.outcomes.jsonl.gz")
    ]


def pool() -> list[dict]:
    return [
        {
            "policy_id": "loop",
            "policy_version": row["policy_version"],
            "prompt_id": row["prompt_id"],
            "reward": sum(row["rewards"]) / len(row["rewards"]),
            "n": len(row["rewards"]),
            "response_tokens": mean_tokens(row["replies"]),
        }
        for row in rows(POOL)
    ]


def write(path: pathlib.Path, found: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")


def replay(program: str, prompts: pathlib.Path, outcomes: list[dict], folder: pathlib.Path, name: str) -> dict:
    path = folder / f"{name}.outcomes.jsonl"
    write(path, outcomes)
    command = [program, "replay", "--json", "--threads", "1", "--seeds", str(SEEDS)]
    command += ["--prompts", str(prompts), "--outcomes", str(path)]
    return json.loads(subprocess.run(command, cwd=paths.ROOT, stdout=subprocess.PIPE, check=True).stdout)


def lines(name: str, report: dict) -> list[list[str]]:
    found = []
    for source in report["sources"]:
        for plan in source["token_plans"]:
            gain = plan["gain"]
            error = max(gain.get("se_seeds") or 0, gain.get("se_prompts") or 0)
            found.append(
                [name, plan["lengths"]]
                + [f"{plan[key]:,.0f}" for key in ("tokens", "tokens_of_token_plans", "rollouts", "token_rollouts")]
                + [f"{plan[key]:,.1f}" for key in ("utility", "token_utility")]
                + [f"{100 * gain['value']:+.1f} ± {100 * error:.1f}"]
            )
    return found


def run(program: str, *more: object) -> None:
    subprocess.run([program, *map(str, more)], cwd=paths.ROOT, stdout=subprocess.DEVNULL, check=True)


def read(path: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def contrast(n: int, p: float, kappa: float) -> float:
    """The expected contrast of n rollouts under a belief: B·q − B·q^B, with p ~ Beta(pκ, (1 − p)κ)."""
    power = 1.0
    for place in range(n):
        power *= ((1 - p) * kappa + place) / (kappa + place)
    return n * (1 - p) - n * power if n else 0.0


def budgets(program: str, folder: pathlib.Path, *limit: object) -> list[dict]:
    output = folder / "budgets.jsonl"
    options = ["--min", 4, "--max", 32, "--costs", folder / "costs.jsonl", "--cost-key", "cost", "--output", output]
    run(program, "plan", "--scores", folder / "scores", *options, *limit)
    return read(output)


def arena(program: str, data: pathlib.Path, folder: pathlib.Path) -> list[list[str]]:
    """Scores the queries of each policy from its context rows, and plans them by rollouts and by cost."""
    outcomes = rows(data / "routerarena.outcomes.jsonl.gz")
    found = []
    for policy in sorted({row["policy_id"] for row in outcomes}):
        place = folder / policy
        place.mkdir()
        own = [row for row in outcomes if row["policy_id"] == policy]
        queries = {row["prompt_id"]: row["cost"] for row in own if row["role"] == "query"}
        texts = {row["prompt_id"]: row for row in rows(data / "routerarena.prompts.jsonl.gz")}
        write(place / "prompts.jsonl", [texts[name] for name in queries])
        known = [dict(row, prompt=texts[row["prompt_id"]]["prompt"]) for row in own if row["role"] == "context"]
        write(place / "context.jsonl", known)
        write(place / "costs.jsonl", [{"prompt_id": name, "cost": 1e6 * cost} for name, cost in queries.items()])
        files = ["--prompts", place / "prompts.jsonl", "--context", place / "context.jsonl"]
        run(program, "score", *files, "--output", place / "scores")
        counted = budgets(program, place, "--total", 8 * len(queries))
        cost = sum(row["n"] * row["expected_tokens"] for row in counted)
        priced = budgets(program, place, "--total-tokens", cost)
        pairs = [[contrast(row["n"], row["p"], row["kappa"]) for row in pair] for pair in zip(counted, priced)]
        utility = [sum(pair[side] for pair in pairs) for side in (0, 1)]
        error = statistics.stdev(after - before for before, after in pairs) * len(pairs) ** 0.5 / utility[0]
        spent = sum(row["n"] * row["expected_tokens"] for row in priced)
        found.append(
            [policy, f"{cost:,.0f}", f"{spent:,.0f}"]
            + [f"{sum(row['n'] for row in plan):,}" for plan in (counted, priced)]
            + [f"{value:,.1f}" for value in utility]
            + [f"{100 * (utility[1] / utility[0] - 1):+.1f} ± {100 * error:.1f}"]
        )
    return found


def main() -> None:
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    arguments.add_data(parser, "folder of routerarena")
    given = parser.parse_args()
    prompts = paths.SAMPLE / "sample.prompts.jsonl.gz"
    found, model = [], ""
    head = ["of the plan by tokens", "rollouts", "of the plan by tokens", "utility", "of the plan by tokens", "gain, %"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for name, outcomes in (("sample", sample()), ("loop", pool())):
            report = replay(given.program, prompts, outcomes, folder, name)
            model = report["model"]
            found += lines(name, report)
        page = [INTRODUCTION, markdown.table(["source", "lengths", "tokens", *head], found, "ll" + "r" * 7), ""]
        if given.data:
            costs = arena(given.program, given.data, folder)
            page += [COSTS, markdown.table(["policy", "cost", *head], costs, "l" + "r" * 7), ""]
    command = "python3 scripts/replay/tokens.py" + (" --data DIR" if given.data else "")
    page.append(f"Written by `{command}`; {SEEDS} seeds; the model is `{model}`.")
    (FOLDER / "TOKENS.md").write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
