"""The loop on measured rollouts, again and again with other luck: StateZero's plans against even budgets and the oracle.

`python3 measure.py [--pool FILE] [--repetitions N] [--json OUT] [--plot OUT.png]` runs a cluster with the default model
and a rollout worker that plays the pool (recorded.py). Each repetition is a run of all steps for each arm, each under a
policy id of its own, so that nothing is learned from another. Standard library only, but for the plot.

Arms, all at equal cost and on the same deal: `uniform`, even budgets; `belief`, plans by the model's prediction alone
(`record_decay` 0); `records`, with the prompts' own records of earlier steps fused in (the default); `records, for signal`, the same with
another objective, the chance that a group has a signal; `oracle`, the best budgets for who knows the pool.
"""

import argparse
import json
import math
import os
import sys

from cluster import Cluster, default_model
from pool import Pool, is_silent, realised
from prompts import read_prompts
from trainer import steps

HERE = os.path.dirname(os.path.abspath(__file__))
POOL = os.path.join(HERE, "data", "pool.jsonl.gz")
POLICY = "smollm2-135m-instruct/loop"
MEAN, N_MIN, N_MAX = 8, 4, 32
ARMS = {"belief": {"record_decay": 0.0}, "records": {}, "records, for signal": {"objective": "mixedGroupProbability"}}
ORDER = ["uniform", *ARMS, "oracle"]


def judge(pool, version, groups, budgets):
    """What a step's groups came to: utility, realised and expected; silent groups and the rollouts in them."""
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
            pool.versions, steps(url, policy_id, items, pool.versions, total, n_min=N_MIN, n_max=N_MAX, **options)
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
    """The table for people, in Markdown."""
    lines = [
        "| step | budgets | realised utility | gain on uniform | of the oracle's gain | groups with a signal | silent groups "
        "| rollouts in silent groups |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in sorted(table, key=lambda row: row["step"]):
        gain = "" if row["arm"] == "uniform" else f"{row['gain']:+.1f} ± {row['gain_se']:.1f}"
        share = f"{100 * row['share']:.0f} ± {100 * row['share_se']:.0f} %" if row["arm"] in ARMS else ""
        lines.append(
            f"| {row['step']} | {row['arm']} | {row['realised']:.1f} ± {row['realised_se']:.1f} | {gain} | {share} | "
            f"{row['signal']:.1f} | {100 * row['silent']:.1f} % | {100 * row['wasted']:.1f} % |"
        )
    return "\n".join(lines)


def sums_table(runs):
    """All steps together, and what is reached of the oracle's gain from the third visit on."""
    lines = [
        "| budgets | realised utility, all steps | gain on uniform | of the oracle's gain, from the third visit on | silent "
        "groups | rollouts in silent groups |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]

    def late(run, arm):
        return sum(step["expected"] for step in run[arm][2:])

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
        told = "" if arm == "uniform" else f"{gain:+.1f} ± {gain_se:.1f} ({percent:+.0f} %)"
        reached = f"{100 * share:.0f} ± {100 * share_se:.0f} %" if arm in ARMS else ""
        lines.append(
            f"| {arm} | {mean:.1f} ± {mean_se:.1f} | {told} | {reached} | {100 * sum(silent) / len(silent):.1f} % | "
            f"{100 * sum(wasted) / len(wasted):.1f} % |"
        )
    return "\n".join(lines)


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


def main():
    """Measures and reports."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pool", default=POOL)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--json", help="write every repetition here")
    parser.add_argument("--plot", help="draw it here; needs matplotlib")
    args = parser.parse_args()
    model = default_model()
    if model is None:
        sys.exit("measure: the default model is not there; run statezero model fetch")
    pool = Pool(args.pool)
    texts = {row["prompt_id"]: row["prompt"] for row in read_prompts()}
    items = [{"prompt_id": i, "prompt": texts[i]} for i in pool.prompt_ids]
    runs = []
    with Cluster(model) as cluster:
        # One program deals all of a pool, so that a budget that is topped up goes on where it was.
        program = [sys.executable, os.path.join(HERE, "recorded.py"), args.pool]
        cluster.start_rollout("rollout-0", program, slots=16)
        for number in range(args.repetitions):
            runs.append(repetition(pool, cluster.url, number, items))
            print(
                f"repetition {number}: "
                + ", ".join(f"{arm} {sum(step['realised'] for step in rows):.0f}" for arm, rows in runs[-1].items()),
                file=sys.stderr,
                flush=True,
            )
    table = summarise(runs, pool.versions)
    size = len(next(iter(pool.rewards.values())))
    print(
        f"{len(items)} prompts, {len(pool.versions)} versions, a pool of {size} rollouts of each; "
        f"{MEAN * len(items)} rollouts a step; {len(runs)} repetitions; ± is one standard error over repetitions\n"
    )
    print(sums_table(runs) + "\n")
    print(text_table(table))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as out:
            json.dump({"table": table, "runs": runs}, out)
    if args.plot:
        plot(table, pool.versions, args.plot)


if __name__ == "__main__":
    main()
