"""Runs the loop with the model itself: a few steps on a few prompts, rolled out while you wait.

    python3 scripts/loop/live.py [--prompts 24] [--steps 3]

Starts a cluster, and SmolLM2-135M (policy.py) under `statezero rollout`. Needs the packages of requirements.txt; the
cluster itself needs the standard library only.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from pool import is_silent, realised
from prompts import read_prompts
from trainer import steps

from common import arguments, paths
from common.cluster import Cluster

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    parser.add_argument("--prompts", type=int, default=24, metavar="N", help="prompts of a step (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=3, metavar="N", help="steps (default: %(default)s)")
    options = parser.parse_args()
    if not paths.DEFAULT_MODEL.is_dir():
        sys.exit("live: the default model is missing; run statezero model fetch")
    items = [{"prompt_id": row["prompt_id"], "prompt": row["prompt"]} for row in read_prompts(options.prompts)]
    with Cluster(str(paths.DEFAULT_MODEL), program=options.program) as cluster:
        cluster.start_rollout_worker("rollout-0", [sys.executable, str(HERE / "policy.py"), "serve"], slots=1)
        policy, total = "smollm2-135m-instruct/live", 8 * len(items)
        for number, step in enumerate(steps(cluster.url, policy, items, range(options.steps), total, timeout=1800)):
            print(f"step {number}: {describe(step)}", flush=True)


def describe(step) -> str:
    """Rollouts, budgets, silent groups and utility of a step."""
    groups = [group["rewards"] for group in step.groups.values()]
    n = step.plan.n.values()
    return (
        f"{step.plan.status}, {sum(map(len, groups))} rollouts in {step.seconds:.0f} s, budgets {min(n)} to {max(n)}, "
        f"{sum(map(is_silent, groups))} of {len(groups)} groups silent, utility {sum(map(realised, groups))}"
    )


if __name__ == "__main__":
    main()
