"""All runs of the comparison, one after the other: each arm with each seed, against a real coordinator and worker.

    python measure.py --folder DIR [--policy DIR] [--arms uniform choose] [--seeds 1 2 3] [--rollouts 10240]

A run whose result is in the folder is not made again, so that a measurement can be stopped and gone on with. The
policy is warmed up first where there is none. `report.py` reads the folder. Needs what requirements-trl.txt of the
Python package names.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from common import arguments  # noqa: E402
from common.cluster import Cluster  # noqa: E402

ARMS = ["uniform", "choose", "filter", "beta", "preset", "contrast", "exact"]
TARGET = 0.38  # mean success at the end of the warm-up


def warm_up(folder: pathlib.Path) -> None:
    import policy
    import torch

    torch.set_num_threads(1)
    policy.warm_up(folder, TARGET)


def rates(options) -> None:
    """Writes the policy's exact success rates: `rates.json` of the training set, `start.json` of the held-out set."""
    import policy
    import tasks
    from transformers import Qwen2ForCausalLM

    model, tokenizer = Qwen2ForCausalLM.from_pretrained(options.policy), policy.make_tokenizer()
    training, held_out = tasks.sets()
    found = [round(p, 6) for p in policy.success(model, tokenizer, training)]
    (options.folder / "rates.json").write_text(json.dumps(found), encoding="utf-8")
    found = [[task.cell, round(p, 4)] for task, p in zip(held_out, policy.success(model, tokenizer, held_out))]
    (options.folder / "start.json").write_text(json.dumps(found), encoding="utf-8")


def run(arm: str, seed: int, options, cluster: Cluster) -> None:
    """One run, in a process of its own."""
    output = options.folder / f"{arm}-{seed}.json"
    if output.exists():
        return
    command = [sys.executable, str(HERE / "train.py"), "--arm", arm, "--seed", str(seed), "--url", cluster.url]
    command += ["--policy", str(options.policy), "--output", str(output), "--rollouts", str(options.rollouts)]
    if options.learning_rate:
        command += ["--learning-rate", str(options.learning_rate)]
    begin = time.monotonic()
    with open(options.folder / f"{arm}-{seed}.log", "w", encoding="utf-8") as log:
        variables = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        code = subprocess.run(command, stdout=log, stderr=log, env=variables).returncode
    if code:
        sys.exit(f"{arm}, seed {seed}: exit code {code}; see {log.name}")
    last = json.loads(output.read_text())["curve"][-1]
    print(
        f"{arm}, seed {seed}: success {last['success']:.4f} after {last['rollouts']} rollouts, "
        f"{time.monotonic() - begin:.0f} s",
        flush=True,
    )


def main() -> None:
    parser = arguments.parser(__doc__)
    parser.add_argument("--folder", type=pathlib.Path, required=True, metavar="DIR", help="where results are kept")
    parser.add_argument(
        "--policy", type=pathlib.Path, metavar="DIR", help="the model (default: `policy` in the folder)"
    )
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS, metavar="ARM", help=f"of {', '.join(ARMS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="N")
    parser.add_argument("--rollouts", type=int, default=10_240, metavar="N", help="rollouts that a run spends")
    parser.add_argument("--learning-rate", type=float, metavar="X", help="of all arms")
    arguments.add_model(parser)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    options.policy = options.policy or options.folder / "policy"
    if not options.policy.exists():
        warm_up(options.policy)
    rates(options)
    with Cluster(options.model, workers=1) as cluster:
        cluster.wait_for_workers(1)
        for seed in options.seeds:
            for arm in options.arms:
                run(arm, seed, options, cluster)


if __name__ == "__main__":
    main()
