"""Measures the loop on recorded rollouts, repeated with other random orders: plans, even budgets and the oracle.

    python3 scripts/loop/measure.py [--pool FILE] [--repetitions 20] [--json FILE] [--plot FILE.png]

Starts a cluster with the default model and a rollout worker that plays back the pool (recorded.py). A repetition runs
all steps for each arm. Each arm has a policy id of its own, so that no arm learns from another. Standard library only,
but for the plot.

Arms, all at equal cost and on the same rollouts: `uniform`, even budgets; `belief`, plans by the model's prediction
alone (`record_decay` 0); `records`, plans that also use the prompts' own outcomes of earlier steps (the default);
`records, for signal`, the same with another objective, the chance that a group has a signal; `oracle`, the best budgets
with the pool known.
"""

import json
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from pool import Pool, is_silent, realised
from prompts import read_prompts
from trainer import steps

from common import arguments, markdown, paths
from common.cluster import Cluster

HERE = pathlib.Path(__file__).resolve().parent
POOL = HERE / "data" / "pool.jsonl.gz"
POLICY = "smollm2-135m-instruct/loop"
MEAN, N_MIN, N_MAX = 8, 4, 32
ARMS = {"belief": {"record_decay": 0.0}, "records": {}, "records, for signal": {"objective": "mixedGroupProbability"}}
ORDER = ["uniform", *ARMS, "oracle"]


def judge(pool, version, groups, budgets):
    """The results of a step's groups: utility, realised and expected; silent groups and the rollouts in them."""
    silent = sum(is_silent(rewards) for rewards in groups.values())
    return {
        "realised": sum(realised(rewards) for rewards in groups.values()),
        "expected": sum(pool.expected(version, prompt_id, n) for prompt_id, n in budgets.items()),
        "silent": silent / len(groups),
        "signal": len(groups) - silent,
        "rollouts": sum(budgets.values()),
        "wasted": sum(len(rewards) for rewards in groups.values() if is_silent(rewards)) / sum(budgets.values()),
    }


def repetition(pool, url, number, items):
    """One run of every arm; {arm: [step]}."""
    total = MEAN * len(items)
    ids = [item["prompt_id"] for item in items]
    arms = {"uniform": [], "oracle": []}
    for version in pool.versions:
        plans = {"uniform": dict.fromkeys(ids, MEAN), "oracle": pool.oracle(version, ids, total, N_MIN, N_MAX)}
        for arm, budgets in plans.items():
            groups = {i: pool.dealt(f"r{number}", version, i, n) for i, n in budgets.items()}
            arms[arm].append(judge(pool, version, groups, budgets))
    for arm, options in ARMS.items():
        arms[arm] = []
        policy_id = f"{POLICY}/{arm.replace(', ', '-')}/r{number}"
        for version, step in zip(
            pool.versions,
            steps(url, policy_id, items, pool.versions, total, n_min=N_MIN, n_max=N_MAX, preset=None, **options),
        ):
            groups = {i: group["rewards"] for i, group in step.groups.items()}
            for prompt_id, rewards in groups.items():
                # Every rollout once, none lost: the group is exactly what was dealt.
                assert sorted(rewards) == sorted(pool.dealt(policy_id, version, prompt_id, step.plan.n[prompt_id]))
            assert sum(step.plan.n.values()) == total and step.plan.status == "ok", step.plan
            arms[arm].append(judge(pool, version, groups, step.plan.n))
            arms[arm][-1].update(
                seconds=step.seconds,
                uniform_reason=step.plan.body["uniform_reason"],
                context_rows=step.plan.body["context_rows"],
            )
    return arms


def mean_error(values):
    """Mean and its standard error over repetitions."""
    mean = sum(values) / len(values)
    spread = sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
    return mean, math.sqrt(spread / len(values))


def summarise(runs, versions):
    """By arm and step: means and standard errors, and what is gained on `uniform`, repetition by repetition."""
    table = []
    for arm in ORDER:
        for place, version in enumerate(versions):
            rows = [run[arm][place] for run in runs]
            even = [run["uniform"][place] for run in runs]
            best = [run["oracle"][place] for run in runs]
            row = {"arm": arm, "step": place, "version": version}
            for key in ("realised", "expected", "silent", "signal", "wasted"):
                row[key], row[key + "_se"] = mean_error([r[key] for r in rows])
            row["gain"], row["gain_se"] = mean_error([r["realised"] - e["realised"] for r, e in zip(rows, even)])
            row["share"], row["share_se"] = mean_error(
                [(r["expected"] - e["expected"]) / (b["expected"] - e["expected"]) for r, e, b in zip(rows, even, best)]
            )
            table.append(row)
    return table


def text_table(table):
    """The table by step, in Markdown."""
    head = ["step", "budgets", "realised utility", "gain on uniform", "of the oracle's gain"]
    head += ["groups with a signal", "silent groups", "rollouts in silent groups"]
    lines = []
    for row in sorted(table, key=lambda row: row["step"]):
        lines.append(
            [
                row["step"],
                row["arm"],
                f"{row['realised']:.1f} ± {row['realised_se']:.1f}",
                "" if row["arm"] == "uniform" else f"{row['gain']:+.1f} ± {row['gain_se']:.1f}",
                f"{100 * row['share']:.0f} ± {100 * row['share_se']:.0f} %" if row["arm"] in ARMS else "",
                f"{row['signal']:.1f}",
                f"{100 * row['silent']:.1f} %",
                f"{100 * row['wasted']:.1f} %",
            ]
        )
    return markdown.table(head, lines, "rl" + "r" * 6)


def sums_table(runs):
    """All steps together, and the share of the oracle's gain from the third visit on."""

    def late(run, arm):
        return sum(step["expected"] for step in run[arm][2:])

    lines = []
    for arm in ORDER:
        sums = [sum(step["realised"] for step in run[arm]) for run in runs]
        even = [sum(step["realised"] for step in run["uniform"]) for run in runs]
        gain, gain_se = mean_error([s - e for s, e in zip(sums, even)])
        mean, mean_se = mean_error(sums)
        share, share_se = mean_error(
            [(late(run, arm) - late(run, "uniform")) / (late(run, "oracle") - late(run, "uniform")) for run in runs]
        )
        silent = [step["silent"] for run in runs for step in run[arm]]
        wasted = [step["wasted"] for run in runs for step in run[arm]]
        percent = 100 * gain * len(runs) / sum(even)
        lines.append(
            [
                arm,
                f"{mean:.1f} ± {mean_se:.1f}",
                "" if arm == "uniform" else f"{gain:+.1f} ± {gain_se:.1f} ({percent:+.0f} %)",
                f"{100 * share:.0f} ± {100 * share_se:.0f} %" if arm in ARMS else "",
                f"{100 * sum(silent) / len(silent):.1f} %",
                f"{100 * sum(wasted) / len(wasted):.1f} %",
            ]
        )
    head = ["budgets", "realised utility, all steps", "gain on uniform"]
    head += ["of the oracle's gain, from the third visit on", "silent groups", "rollouts in silent groups"]
    return markdown.table(head, lines, "l" + "r" * 5)


def plot(table, versions, path):
    """Realised utility and rollouts in silent groups, step by step."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for arm, colour in zip(ORDER, ("0.45", "tab:blue", "tab:red", "tab:orange", "tab:green")):
        rows = sorted((row for row in table if row["arm"] == arm), key=lambda row: row["step"])
        x = [row["step"] for row in rows]
        left.errorbar(
            x,
            [row["realised"] for row in rows],
            [2 * row["realised_se"] for row in rows],
            color=colour,
            marker="o",
            ms=4,
            capsize=3,
            label=arm,
        )
        right.plot(x, [100 * row["wasted"] for row in rows], color=colour, marker="o", ms=4, label=arm)
    left.set_ylabel("realised utility: failed rollouts\nin groups that hold a success")
    right.set_ylabel("rollouts in silent groups, %")
    for axes in (left, right):
        axes.set_xlabel("step (policy version)")
        axes.set_xticks(range(len(versions)))
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.25)
    left.legend(frameon=False, loc="lower left")
    figure.suptitle(f"The same number of rollouts ({MEAN} a prompt on average, {N_MIN} to {N_MAX}), measured", y=0.98)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def run(options, pool) -> list[dict]:
    """All repetitions."""
    texts = {row["prompt_id"]: row["prompt"] for row in read_prompts()}
    items = [{"prompt_id": i, "prompt": texts[i]} for i in pool.prompt_ids]
    runs = []
    with Cluster(str(paths.DEFAULT_MODEL), program=options.program) as cluster:
        # One program plays all of a pool, so that a budget that is raised continues where it was.
        program = [sys.executable, str(HERE / "recorded.py"), str(options.pool)]
        cluster.start_rollout_worker("rollout-0", program, slots=16)
        for number in range(options.repetitions):
            runs.append(repetition(pool, cluster.url, number, items))
            utility = (f"{arm} {sum(step['realised'] for step in rows):.0f}" for arm, rows in runs[-1].items())
            print(f"repetition {number}: " + ", ".join(utility), file=sys.stderr, flush=True)
    return runs


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    parser.add_argument("--pool", default=POOL, metavar="FILE", help="recorded rollouts (default: %(default)s)")
    parser.add_argument("--repetitions", type=int, default=20, metavar="N", help="default: %(default)s")
    parser.add_argument("--json", metavar="FILE", help="write every repetition to this file")
    parser.add_argument("--plot", metavar="FILE", help="draw the plot to this file; needs matplotlib")
    options = parser.parse_args()
    if not paths.DEFAULT_MODEL.is_dir():
        sys.exit("measure: the default model is missing; run statezero model fetch")
    pool = Pool(options.pool)
    runs = run(options, pool)
    table = summarise(runs, pool.versions)
    size, prompts = len(next(iter(pool.rewards.values()))), len(pool.prompt_ids)
    print(
        f"{prompts} prompts, {len(pool.versions)} versions, a pool of {size} rollouts of each; "
        f"{MEAN * prompts} rollouts per step; {len(runs)} repetitions; ± is one standard error over repetitions\n"
    )
    print(sums_table(runs) + "\n")
    print(text_table(table))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump({"table": table, "runs": runs}, out)
    if options.plot:
        plot(table, pool.versions, options.plot)


if __name__ == "__main__":
    main()
