"""The loop with the model itself: a few steps on a few prompts, rolled out while you wait.

`python3 live.py [--prompts N] [--steps N]` runs a cluster, and SmolLM2-135M (policy.py) under `statezero rollout`. Needs
the packages of requirements.txt; the cluster's own side is standard library only.
"""

import argparse
import os
import sys

from cluster import Cluster, default_model
from pool import is_silent, realised
from prompts import read_prompts
from trainer import steps

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    """Rolls out, and says what came out of each step."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prompts", type=int, default=24)
    parser.add_argument("--steps", type=int, default=3)
    args = parser.parse_args()
    model = default_model()
    if model is None:
        sys.exit("live: the default model is not there; run statezero model fetch")
    items = [{"prompt_id": row["prompt_id"], "prompt": row["prompt"]} for row in read_prompts(args.prompts)]
    with Cluster(model) as cluster:
        cluster.start_rollout("rollout-0", [sys.executable, os.path.join(HERE, "policy.py"), "serve"], slots=1)
        run = steps(cluster.url, "smollm2-135m-instruct/live", items, range(args.steps), 8 * len(items), patience=1800)
        for number, step in enumerate(run):
            groups = [group["rewards"] for group in step.groups.values()]
            n = step.plan.n.values()
            print(
                f"step {number}: {step.plan.status}, {sum(map(len, groups))} rollouts in {step.seconds:.0f} s, budgets "
                f"{min(n)} to {max(n)}, {sum(map(is_silent, groups))} of {len(groups)} groups silent, "
                f"utility {sum(map(realised, groups))}",
                flush=True,
            )


if __name__ == "__main__":
    main()
