"""All runs of the comparison: each arm with each seed, against a real coordinator and worker.

    python measure.py --folder DIR [--policy DIR] [--setting late] [--arms uniform choose] [--seeds 1 2 3]

A run whose whole result is in the folder is not made again, so that a measurement can be stopped and gone on with. The
policy is warmed up first where there is none. `report.py` reads the folder. Needs what requirements-trl.txt of the
Python package names.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import pathlib
import sys
from multiprocessing.context import ForkProcess as Process

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import policy  # noqa: E402
import tasks  # noqa: E402
import torch  # noqa: E402
import train  # noqa: E402
from setting import SETTINGS  # noqa: E402
from transformers import Qwen2ForCausalLM  # noqa: E402

from common import arguments  # noqa: E402
from common.cluster import Cluster  # noqa: E402

ARMS = list(train.arms.ARMS)


def rates(options) -> None:
    """Writes the policy's exact success rates: `rates.json` of the training set, `start.json` of the held-out set."""
    model, tokenizer = Qwen2ForCausalLM.from_pretrained(options.policy), policy.make_tokenizer()
    training, held_out = tasks.sets(SETTINGS[options.setting])
    found = [round(p, 6) for p in policy.success(model, tokenizer, training)]
    (options.folder / "rates.json").write_text(json.dumps(found), encoding="utf-8")
    found = [[task.cell, round(p, 4)] for task, p in zip(held_out, policy.success(model, tokenizer, held_out))]
    (options.folder / "start.json").write_text(json.dumps(found), encoding="utf-8")


def start(arm: str, seed: int, options, url: str) -> Process | None:
    """Starts a run in a process of its own, unless there is its result. A fork: the packages are loaded once."""
    output = options.folder / f"{arm}-{seed}.json"
    wanted = options.rollouts or SETTINGS[options.setting].rollouts
    if output.exists() and json.loads(output.read_text(encoding="utf-8"))["curve"][-1]["rollouts"] >= wanted:
        return None
    own = argparse.Namespace(**vars(options), arm=arm, seed=seed, url=url, output=str(output))
    made = multiprocessing.get_context("fork").Process(target=run, args=(own,), name=f"{arm}-{seed}")
    made.start()
    return made


def run(options: argparse.Namespace) -> None:
    with open(pathlib.Path(options.output).with_suffix(".log"), "w", encoding="utf-8") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        train.train(options)


def finish(made: Process, options) -> None:
    made.join()
    if made.exitcode:
        sys.exit(f"{made.name}: exit code {made.exitcode}; see {options.folder / made.name}.log")
    last = json.loads((options.folder / f"{made.name}.json").read_text(encoding="utf-8"))["curve"][-1]
    print(f"{made.name}: success {last['success']:.4f} after {last['rollouts']} rollouts", flush=True)


def main() -> None:
    parser = arguments.parser(__doc__)
    parser.add_argument("--folder", type=pathlib.Path, required=True, metavar="DIR", help="where results are kept")
    parser.add_argument("--policy", type=pathlib.Path, metavar="DIR", help="the model (default: policy in the folder)")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS, metavar="ARM", help=f"of {', '.join(ARMS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="N")
    train.add_setting(parser)
    arguments.add_counts(parser, ("--at-once", 1, "runs at a time"), ("--threads", 1, "threads of each run"))
    arguments.add_model(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    options.policy = options.policy or options.folder / "policy"
    if not options.policy.exists():
        policy.warm_up(options.policy, SETTINGS[options.setting])
    rates(options)
    with Cluster(options.model, workers=1) as cluster:
        cluster.wait_for_workers(1)
        running: list[Process] = []
        for seed, arm in itertools.product(options.seeds, options.arms):
            made = start(arm, seed, options, cluster.url)
            if made:
                running.append(made)
            if len(running) >= options.at_once:
                finish(running.pop(0), options)
        for made in running:
            finish(made, options)


if __name__ == "__main__":
    main()
