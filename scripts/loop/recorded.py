"""A rollout program that plays back measured rollouts: `statezero rollout … -- python3 recorded.py POOL`.

Standard library only. The pool has a fixed number of rollouts of each prompt and version. They are drawn without
replacement, in an order that the policy's id seeds, so that a repetition of the loop under another id has another
order. An assignment gets the next rollouts; when they are used up, the rest fails. For tests: `--seconds` waits before
each rollout, `--die-after` ends the program in the middle of that assignment.
"""

import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from pool import Pool

from common import arguments


def main():
    """Answers assignments until the input ends."""
    parser = arguments.parser(__doc__)
    parser.add_argument("pool", help="JSONL file of measured rollouts, plain or gzip")
    parser.add_argument("--seconds", type=float, default=0, help="time of each rollout (default: %(default)s)")
    parser.add_argument(
        "--die-after", type=int, default=0, metavar="N", help="assignment that ends the program; 0: none"
    )
    options = parser.parse_args()
    pool, used = Pool(options.pool), {}
    for count, line in enumerate(sys.stdin, 1):
        task = json.loads(line)
        version, prompt_id, name = task["policy_version"], task["prompt_id"], task["assignment"]
        # A program that was started again draws from the start: earlier rollouts were not recorded, or are complete.
        start = used.get((task["policy_id"], version, prompt_id), 0)
        dealt = pool.deal(task["policy_id"], version, prompt_id)[start : start + task["n"]]
        used[task["policy_id"], version, prompt_id] = start + len(dealt)
        for place, number in enumerate(dealt):
            if count == options.die_after and place == len(dealt) // 2:
                os._exit(9)
            time.sleep(options.seconds)
            reward = pool.rewards[version, prompt_id][number]
            print(
                json.dumps({"assignment": name, "reward": reward, "reference": f"pool/{version}/{prompt_id}/{number}"}),
                flush=True,
            )
        for _ in range(task["n"] - len(dealt)):
            print(json.dumps({"assignment": name, "error": "the pool is used up"}), flush=True)


if __name__ == "__main__":
    main()
