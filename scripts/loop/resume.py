#!/usr/bin/env python3
"""Kills trainers at random points and resumes them from their checkpoints: python3 scripts/loop/resume.py --kills 50

A trainer plans and reports 60 steps, with a checkpoint every 5. It is killed at random points, and started again with
`Client(resume=True)`: it goes back to its last checkpoint with reshuffled prompts, another total and other rewards. At
the end every trainer must have finished, and the coordinator's journal must have the outcomes of the last start of each
step, all of them and no others. Reports of former starts that come late must be rejected as `abandoned`. Needs the
program (release build, or STATEZERO_BINARY); standard library only.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent), str(FOLDER.parent / "python" / "src")]
from common.cluster import Cluster  # noqa: E402
from statezero.client import Client  # noqa: E402

STEPS, CHECKPOINT_STEPS, PROMPTS = 60, 5, 40


def train(url: str, policy: str, life: int, folder: pathlib.Path) -> None:
    """A trainer's process: from its checkpoint to the last step."""
    checkpoint, log = folder / f"{policy}.checkpoint", folder / f"{policy}.log"
    chance = random.Random(f"{policy}/{life}")
    client = Client(url, timeout=60, strict=True, resume=True, spool=folder / f"{policy}.spool")
    first = int(checkpoint.read_text()) if checkpoint.exists() else 0
    with open(log, "a", encoding="utf-8") as lines:
        for step in range(first, STEPS):
            print(json.dumps({"life": life, "step": step, "attempt": client._attempt}), file=lines, flush=True)
            names = chance.sample(range(10 * PROMPTS), PROMPTS)
            items = [{"prompt_id": f"q{name}", "prompt": f"What is {name} + 1?"} for name in names]
            plan = client.plan(policy, step, PROMPTS * chance.randint(5, 10), items, reward_low=-1, reward_high=1)
            outcomes = [
                {
                    "event_id": f"{life}/{step}/{name}",
                    "prompt_id": name,
                    "step": step,
                    "rewards": [chance.choice([-1.0, 1.0]) for _ in range(n)],
                }
                for name, n in plan.n.items()
                if n
            ]
            for start in range(0, len(outcomes), 10):  # a kill may come between two reports
                report = client.report(policy, outcomes[start : start + 10])
                if report.rejected or not report.delivered:
                    sys.exit(f"step {step} of life {life}: {report!r} {report.rejected}")
            if (step + 1) % CHECKPOINT_STEPS == 0:
                partial = checkpoint.with_suffix(".partial")
                partial.write_text(str(step + 1))
                os.replace(partial, checkpoint)


def campaign(policies: int, kills: int, seed: int) -> bool:
    """Runs trainers with kills, and checks what is left. Returns whether all is as it should be."""
    chance = random.Random(seed)
    names = [f"llm-{number}" for number in range(policies)]
    with Cluster("table") as cluster:
        cluster.wait_for_workers(1)
        folder = cluster.folder
        lives = dict.fromkeys(names, -1)
        children: dict[str, subprocess.Popen] = {}

        def start(name: str) -> None:
            lives[name] += 1
            command = [sys.executable, __file__, "--train", cluster.url, name, str(lives[name]), str(folder)]
            children[name] = subprocess.Popen(command)

        for name in names:
            start(name)
        killed, began, pause = 0, time.monotonic(), 1.0
        while killed < kills:
            time.sleep(chance.uniform(0.3, pause))
            name = chance.choice(names)
            if children[name].poll() is not None:
                if children[name].returncode != 0:
                    print(f"{name} ended with {children[name].returncode}")
                    return False
                # It finished between two kills: it is killed a little earlier from now on, and trains once more.
                (folder / f"{name}.checkpoint").write_text(str(STEPS - 30))
                pause = max(0.5, pause * 0.8)
            else:
                children[name].send_signal(signal.SIGKILL)
                children[name].wait()
                killed += 1
                pause = min(4.0, pause * 1.05)
            start(name)
        codes = [children[name].wait(timeout=600) for name in names]
        print(
            f"{policies} policies: {killed} kills, {sum(lives.values()) + policies} starts, exit codes {codes}, "
            f"{time.monotonic() - began:.0f} s"
        )
        good = not any(codes)
        for name in names:
            good = check(cluster, name) and good
        return good


def check(cluster: Cluster, policy: str) -> bool:
    """Compares the journal with the trainer's log, then reports what former starts would report late."""
    folder = cluster.folder
    lines = (folder / f"{policy}.log").read_text(encoding="utf-8").splitlines()
    starts = [json.loads(line) for line in lines]
    last = {start["step"]: start["life"] for start in starts}
    attempts = {start["life"]: start["attempt"] for start in starts}
    late = [(s["life"], s["step"]) for s in starts if s["life"] < last[s["step"]]]
    rejected = 0
    for life, step in late:
        outcome = {
            "event_id": f"late/{life}/{step}",
            "prompt_id": "q1",
            "prompt": "late?",
            "step": step,
            "rewards": [1],
        }
        body = {"policy_id": policy, "attempt": attempts[life], "outcomes": [outcome]}
        answer = json.loads(cluster.request("POST", "/v1/outcomes", json.dumps(body))[1])
        rejected += [entry["code"] for entry in answer["rejected"]] == ["abandoned"]
    cluster.kill("coordinator", signal.SIGTERM)
    database = sqlite3.connect(f"file:{folder / 'journal.sqlite'}?mode=ro", uri=True)
    kept: dict[int, dict[int, int]] = {}
    for event, step in database.execute("SELECT event, step FROM outcome WHERE policy = ?", (policy,)):
        counts = kept.setdefault(step, {})
        life = int(event.split("/")[0]) if event[0].isdigit() else -1
        counts[life] = counts.get(life, 0) + 1
    database.close()
    cluster.start_coordinator()
    foreign = sum(n for step, counts in kept.items() for life, n in counts.items() if life != last[step])
    missing = [step for step in range(STEPS) if kept.get(step, {}).get(last[step], 0) == 0]
    total = sum(sum(counts.values()) for counts in kept.values())
    print(
        f"{policy}: {len(attempts)} starts, {len(late)} abandoned steps, {total} outcomes kept, {foreign} of abandoned "
        f"steps, {len(missing)} steps without any; {rejected} of {len(late)} late reports rejected"
    )
    return foreign == 0 and not missing and rejected == len(late)


def main() -> None:
    if sys.argv[1:2] == ["--train"]:
        return train(sys.argv[2], sys.argv[3], int(sys.argv[4]), pathlib.Path(sys.argv[5]))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--policies", type=int, nargs="+", default=[1, 3], help="how many trainers, a campaign each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    good = [campaign(policies, options.kills, options.seed) for policies in options.policies]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
