"""A rollout program that plays back rollouts measured once: `statezero rollout … -- python3 recorded.py POOL`.

Standard library only. Of each prompt and version the pool has so many rollouts; they are dealt without replacement, in an
order that the policy's id decides, so that a repetition of the loop under another id has other luck. An assignment gets
the next of them; when they are used up it fails for the rest. `--seconds` waits that long for each rollout, `--die-after`
ends the program in the middle of so many assignments: both are for tests.
"""

import argparse
import json
import os
import sys
import time

from pool import Pool


def main():
    """Answers assignments until its input ends."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pool")
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--die-after", type=int, default=0)
    args = parser.parse_args()
    pool, taken, count = Pool(args.pool), {}, 0
    for line in sys.stdin:
        task = json.loads(line)
        version, prompt_id, name = task["policy_version"], task["prompt_id"], task["assignment"]
        # A program of another life deals from the start again: what it dealt before was not recorded, or is complete.
        start = taken.get((task["policy_id"], version, prompt_id), 0)
        dealt = pool.deal(task["policy_id"], version, prompt_id)[start : start + task["n"]]
        taken[task["policy_id"], version, prompt_id] = start + len(dealt)
        count += 1
        for place, number in enumerate(dealt):
            if count == args.die_after and place == len(dealt) // 2:
                os._exit(9)
            time.sleep(args.seconds)
            reward = pool.rewards[version, prompt_id][number]
            print(
                json.dumps({"assignment": name, "reward": reward, "reference": f"pool/{version}/{prompt_id}/{number}"}),
                flush=True,
            )
        for _ in range(task["n"] - len(dealt)):
            print(json.dumps({"assignment": name, "error": "the pool is used up"}), flush=True)


if __name__ == "__main__":
    main()
