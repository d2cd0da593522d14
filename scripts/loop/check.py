"""A short version of the loop, for continuous integration: recorded rollouts, killed processes, all promises checked.

    python3 scripts/loop/check.py [--table]

Starts a coordinator, a worker (the default model; the table model with --table, or where the default model is missing),
three rollout workers that play back the recorded pool, and a trainer of three steps. Kills rollout workers again and
again, and the coordinator once; one rollout program ends by itself. Then it checks that budgets sum to the total, that
every group has exactly as many rewards as its budget, that each reward is the one that was recorded under its
reference, that each advantage is reward less baseline, and that the history holds every rollout once. Standard library
only.
"""

import pathlib
import sys
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from measure import POOL
from pool import Pool
from prompts import read_prompts
from trainer import steps

from common import arguments, paths
from common.cluster import Cluster

HERE = pathlib.Path(__file__).resolve().parent
STEPS, PROMPTS = 3, 32


def metrics(url):
    """The coordinator's counters, by name and labels."""
    with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def check_step(pool, version, step, total):
    """Checks all that must hold of a step; returns the number of its rewards."""
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
            assert reference == f"pool/{version}/{prompt_id}/{number}", f"{prompt_id}: {reference} names another group"
            assert reward == pool.rewards[version, prompt_id][int(number)], f"{reference} was {reward}"
        for reward, advantage in zip(group["rewards"], group["advantages"]):
            assert abs(reward - group["baseline"] - advantage) < 1e-9, (
                f"{prompt_id}: {advantage} is not reward less baseline"
            )
        rewards += len(group["rewards"])
    return rewards


class Killer(threading.Thread):
    """Kills processes while steps run: rollout workers in turn, and the coordinator once; starts each again."""

    def __init__(self, cluster, start):
        super().__init__(daemon=True)
        self.cluster, self.start_worker = cluster, start
        self.is_over, self.kills = threading.Event(), []

    def run(self):
        # A bounded number of kills, so that a slow machine makes progress between them.
        for name in ("rollout-0", "coordinator", "rollout-1", "rollout-0", "rollout-1", "rollout-0"):
            if self.is_over.wait(0.7):
                return
            self.cluster.kill(name)
            self.kills.append(name)
            if name == "coordinator":
                # Recorded outcomes are on disk: the restarted coordinator reads them and accepts the rollout workers.
                self.cluster.start_coordinator()
            else:
                self.start_worker(name)


def run(cluster, pool, items, total):
    """Runs the steps while processes are killed. Returns rewards, outcomes, and the names that were killed."""
    program = [sys.executable, str(HERE / "recorded.py"), str(POOL), "--seconds", "0.02"]

    def start(name):
        cluster.start_rollout_worker(name, program, slots=2)

    start("rollout-0")
    start("rollout-1")
    cluster.start_rollout_worker("rollout-2", [*program, "--die-after", "3"], slots=1)
    killer = Killer(cluster, start)
    killer.start()
    rewards, outcomes = 0, 0
    for version, step in zip(pool.versions, steps(cluster.url, "recorded/check", items, pool.versions[:STEPS], total)):
        rewards += check_step(pool, version, step, total)
        outcomes += len(step.groups)
        print(
            f"step {version}: {step.plan.status}, {sum(step.plan.n.values())} rollouts in {len(step.groups)} groups, "
            f"{step.seconds:.1f} s, killed so far: {len(killer.kills)}"
        )
    killer.is_over.set()
    killer.join()
    assert "coordinator" in killer.kills, "the steps are too short for the kills"
    return rewards, outcomes, killer.kills


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    parser.add_argument("--table", action="store_true", help="use the table model even where the default model exists")
    options = parser.parse_args()
    model = str(paths.DEFAULT_MODEL)
    if options.table or not paths.DEFAULT_MODEL.is_dir():
        print("check: with the table model; fetch the default model (statezero model fetch) to check its plans too")
        model = "table"
    pool = Pool(POOL)
    texts = {row["prompt_id"]: row["prompt"] for row in read_prompts()}
    items = [{"prompt_id": i, "prompt": texts[i]} for i in pool.prompt_ids[:PROMPTS]]
    with Cluster(model, program=options.program, log_level="info") as cluster:
        rewards, outcomes, kills = run(cluster, pool, items, 8 * len(items))
        recorded = metrics(cluster.url)['statezero_rollouts_total{result="recorded"}']
        assert "program ended" in cluster.output("rollout-2"), "the program with --die-after did not end"
        # A clean end: each worker ends by itself on SIGTERM.
        for name in ("rollout-0", "rollout-1", "rollout-2"):
            assert cluster.kill(name, 15) == 0, cluster.output(name)
    assert 0 < recorded <= rewards, f"the restarted coordinator recorded {recorded} rollouts, groups hold {rewards}"
    print(f"check: {rewards} rewards in {outcomes} groups, each once; killed meanwhile: " + ", ".join(kills))


if __name__ == "__main__":
    main()
