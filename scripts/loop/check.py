"""A short version of the loop, for continuous integration: recorded rollouts, killed rollout workers, every promise checked.

`python3 check.py [--table]` starts a coordinator, a worker (the default model; the table model with --table, or where the
default one is not fetched), three rollout workers that play the recorded pool, and a trainer of three steps. A rollout
worker is killed again and again, one program dies by itself, and the coordinator is killed once. Then it checks that budgets
sum to the total, that every group has exactly as many rewards as its budget, each the one that was recorded under its
reference, that advantages are there and are reward less baseline, and that the history holds every rollout, each once.
Standard library only.
"""

import argparse
import os
import sys
import threading
import urllib.request

from cluster import Cluster, default_model
from measure import POOL
from pool import Pool
from prompts import read_prompts
from trainer import steps

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS, PROMPTS = 3, 32


def metrics(url):
    """What the coordinator counts, by name and labels."""
    with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def check_step(pool, version, step, total):
    """Everything that must hold of a step; how many rewards it had."""
    plan = step.plan
    assert sum(plan.n.values()) == total, f"budgets sum to {sum(plan.n.values())}, not {total}"
    assert set(step.groups) == {i for i, n in plan.n.items() if n}, "groups and budgets name other prompts"
    rewards = 0
    for prompt_id, group in step.groups.items():
        count = len(group["rewards"]) + group["failed"]
        assert count == plan.n[prompt_id], f"{prompt_id}: {count} rollouts for a budget of {plan.n[prompt_id]}"
        assert len(group["references"]) == len(group["rewards"]) == len(group["advantages"]), prompt_id
        for reward, reference in zip(group["rewards"], group["references"]):
            number = reference.rsplit("/", 1)[1]
            assert reference == f"pool/{version}/{prompt_id}/{number}", f"{prompt_id}: {reference} is another's"
            assert reward == pool.rewards[version, prompt_id][int(number)], f"{reference} was {reward}"
        for reward, advantage in zip(group["rewards"], group["advantages"]):
            assert abs(reward - group["baseline"] - advantage) < 1e-9, f"{prompt_id}: {advantage} is no advantage"
        rewards += len(group["rewards"])
    return rewards


class Killer(threading.Thread):
    """Kills while steps run: rollout workers one after the other, and the coordinator once; starts each again."""

    def __init__(self, cluster, start):
        super().__init__(daemon=True)
        self.cluster, self.start_worker = cluster, start
        self.is_over, self.kills = threading.Event(), []

    def run(self):
        # A bounded number of kills, so that a slow machine gets somewhere between them.
        for name in ("rollout-0", "coordinator", "rollout-1", "rollout-0", "rollout-1", "rollout-0"):
            if self.is_over.wait(0.7):
                return
            self.cluster.kill(name)
            self.kills.append(name)
            if name == "coordinator":
                # What is recorded is on disk: the next life knows it, and takes the rollout workers over.
                self.cluster.start_coordinator()
            else:
                self.start_worker(name)


def main():
    """Runs and checks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", action="store_true", help="the table model, although the default one may be there")
    args = parser.parse_args()
    model = None if args.table else default_model()
    if model is None:
        print(
            "check: the table model, for the mechanics alone; with the default model (statezero model fetch) it checks plans too"
        )
        model = ["--model", "table"]
    pool = Pool(POOL)
    texts = {row["prompt_id"]: row["prompt"] for row in read_prompts()}
    items = [{"prompt_id": i, "prompt": texts[i]} for i in pool.prompt_ids[:PROMPTS]]
    total = 8 * len(items)
    with Cluster(model, log_level="info") as cluster:
        program = [sys.executable, os.path.join(HERE, "recorded.py"), POOL, "--seconds", "0.02"]

        def start(name):
            cluster.start_rollout(name, program, slots=2)

        start("rollout-0")
        start("rollout-1")
        cluster.start_rollout("rollout-2", program + ["--die-after", "3"], slots=1)
        killer = Killer(cluster, start)
        killer.start()
        rewards, outcomes = 0, 0
        run = steps(cluster.url, "recorded/check", items, pool.versions[:STEPS], total)
        for version, step in zip(pool.versions, run):
            rewards += check_step(pool, version, step, total)
            outcomes += len(step.groups)
            print(
                f"step {version}: {step.plan.status}, {sum(step.plan.n.values())} rollouts in {len(step.groups)} groups, "
                f"{step.seconds:.1f} s, killed so far: {len(killer.kills)}"
            )
        killer.is_over.set()
        killer.join()
        assert "coordinator" in killer.kills, "the steps are too short for the kills"
        counts = metrics(cluster.url)
        assert "program ended" in cluster.words("rollout-2"), "the program that dies did not"
        # A clean end: whoever is asked to leave leaves by itself.
        for name in ("rollout-0", "rollout-1", "rollout-2"):
            assert cluster.kill(name, 15) == 0, cluster.words(name)
    told = counts['statezero_rollouts_total{result="recorded"}']
    assert 0 < told <= rewards, f"the coordinator's last life recorded {told} rollouts, there are {rewards} in groups"
    print(f"check: {rewards} rewards in {outcomes} groups, each once; killed meanwhile: " + ", ".join(killer.kills))


if __name__ == "__main__":
    main()
