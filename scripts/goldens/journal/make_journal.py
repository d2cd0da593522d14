#!/usr/bin/env python3
"""Makes a coordinator's journal with a released program, and writes down what that program said of it.

    python3 scripts/goldens/journal/make_journal.py --program OLD/statezero

Writes, under Tests/Goldens/journal:
  journal.sqlite.gz   the journal of a coordinator that was killed
  facts.json          what the old program said just before: plans and their groups (GET /v1/plans), outcomes, the
                      model, jobs with their answered and confirmed shards

Tests/CoordinatorNodeTests reads both: a newer coordinator must have the same plans, budgets, histories and unfinished
jobs, and must write the same entries with the same bytes. Run it only to add what a newer release writes, and keep the
older files. Standard library only. Takes about half a minute.

The run, with the table model:
  trained/a    steps 0 to 2 rolled out by the trainer, with outcomes after each: one has a failed rollout, one comes
               with the next request; step 3 in shadow mode; step 4 cut at its deadline; step 5 without all predictions
  rolled/b     steps 0 and 1 rolled out by a rollout worker, with look-ahead; step 2 with some of its groups done
  The coordinator is killed and started again after step 3.
  scored       one job that is finished, one whose client was killed after some shards
"""

import contextlib
import gzip
import http.client
import json
import pathlib
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from common import arguments, paths
from common.cluster import Cluster

FOLDER = paths.ROOT / "Tests" / "Goldens" / "journal"
PROMPT_MILLISECONDS = 4


def items(count, start=0):
    """Prompts with ids and texts that are not ASCII only."""
    return [
        {"prompt_id": f"q{i}", "prompt": f"Question {i}: how much is {i} × {i + 3}? " + "Think. " * (i % 5)}
        for i in range(start, start + count)
    ]


def post(cluster, path, body):
    """A request that must succeed."""
    status, answer = cluster.request("POST", path, json.dumps(body))
    if status != 200:
        raise RuntimeError(f"{path} answered {status}: {answer.decode()}")
    return json.loads(answer)


def snapshot(cluster, policy, step):
    """A plan as far as it has come, with all of its groups that are done."""
    status, answer = cluster.request("GET", f"/v1/plans/{policy.replace('/', '%2F')}/{step}?groups_after=0")
    if status != 200:
        raise RuntimeError(f"step {policy}/{step} answered {status}: {answer.decode()}")
    return json.loads(answer)


def wait_for_groups(cluster, policy, step, count):
    """Waits until at least so many groups of a plan are done."""
    cluster.wait(lambda: len(snapshot(cluster, policy, step)["groups"]) >= count)


def trainer_steps(cluster, policy):
    """Three steps that the trainer rolls out itself; rewards follow from prompt and rollout number."""
    outcomes = []
    for step in range(3):
        body = {"policy_id": policy, "step": step, "total": 120, "items": items(24, 3 * step), "n_min": 2, "n_max": 16}
        body |= [{}, {"explore": 0.1}, {"objective": "mixedGroupProbability", "multiple_of": 2}][step]
        plan = post(cluster, "/v1/plans", body | {"outcomes": outcomes})
        outcomes = []
        report = []
        for place, item in enumerate(plan["items"]):
            rewards = [float((place * 7 + rollout * 3 + step) % 4 > 1) for rollout in range(item["n"])]
            outcome = {"event_id": f"{step}/{item['prompt_id']}", "prompt_id": item["prompt_id"], "step": step}
            if place == 5:
                outcome |= {"rewards": rewards[1:], "failed": 1}
            elif place == 6:
                outcome |= {"rewards": [reward / 3 for reward in rewards]}
            else:
                outcome |= {"rewards": rewards}
            # The last is sent with the next step's request, as a mean: it joins the history but no group.
            if place == len(plan["items"]) - 1:
                mean = sum(rewards) / len(rewards)
                outcome = {
                    "event_id": outcome["event_id"],
                    "prompt_id": item["prompt_id"],
                    "mean": mean,
                    "n": len(rewards),
                    "policy_version": step,
                }
                outcomes.append(outcome)
            else:
                report.append(outcome)
        post(cluster, "/v1/outcomes", {"policy_id": policy, "outcomes": report})
    post(
        cluster,
        "/v1/plans",
        {"policy_id": policy, "step": 3, "total": 64, "items": items(16, 40), "mode": "shadow", "outcomes": outcomes},
    )


def rolled_steps(cluster, policy):
    """Two steps that a rollout worker rolls out, with look-ahead. Waits until all groups are done."""
    rates = cluster.folder / "rates.jsonl"
    rates.write_text("".join(json.dumps({"prompt_id": f"q{i}", "p": i % 7 / 6}) + "\n" for i in range(64)))
    worker = ["--connect", cluster.endpoint, "--simulate", str(rates), "--seed", "3", "--slots", "2"]
    cluster.start("rollout-0", "rollout", "--name", "r0", "--simulate-seconds", "0", *worker)
    for step in range(2):
        body = {
            "policy_id": policy,
            "step": step,
            "total": 80,
            "items": items(16, 2 * step),
            "n_min": 2,
            "n_max": 16,
            "delivery": "workers",
            "look_ahead": 0.004,
            "reserve": 12,
        }
        post(cluster, "/v1/plans", body)
        wait_for_groups(cluster, policy, step, len(body["items"]))
    cluster.kill("rollout-0", 15)
    # Slower rollouts, so that the step is not over when the coordinator is killed.
    cluster.start("rollout-1", "rollout", "--name", "r1", "--simulate-seconds", "0.2", *worker)
    post(
        cluster,
        "/v1/plans",
        {
            "policy_id": policy,
            "step": 2,
            "total": 80,
            "items": items(20, 8),
            "n_min": 2,
            "n_max": 16,
            "delivery": "workers",
        },
    )
    wait_for_groups(cluster, policy, 2, 3)
    cluster.kill("rollout-1")


def score(cluster, name, rows, is_killed):
    """A scoring job; with `is_killed` its client is killed once some of its shards are answered."""
    folder = cluster.folder
    (folder / f"{name}.jsonl").write_text(
        "".join(
            json.dumps({"id": f"{name}-{i}", "prompt": f"Row {i} of {name}: name a prime above {i}."}) + "\n"
            for i in range(rows)
        )
    )
    (folder / "context.jsonl").write_text(
        "".join(json.dumps({"policy": "scored", "prompt": f"Context {i}", "reward": i % 2}) + "\n" for i in range(8))
    )
    before = answered(cluster)
    client = subprocess.Popen(
        [
            cluster.program,
            "score",
            "--coordinator",
            cluster.endpoint,
            "--prompts",
            str(folder / f"{name}.jsonl"),
            "--context",
            str(folder / "context.jsonl"),
            "--output",
            str(folder / name),
            "--policy",
            "scored",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if not is_killed:
        if client.wait(timeout=60) != 0:
            raise RuntimeError(f"scoring {name} failed")
        return
    cluster.wait(lambda: answered(cluster) - before >= 512)
    client.kill()
    client.wait()


def answered(cluster):
    """Rows that workers have answered."""
    return json.loads(cluster.request("GET", "/v1/status")[1])["coordinator"]["rows_answered"]


def unfinished_plans(cluster, policy):
    """A plan cut at its deadline, and one whose predictions have come in part when the worker is killed. Returns the
    budgets of the second that have left: its lines, in order."""
    cut = {"policy_id": policy, "step": 4, "total": 200, "items": items(50, 100), "deadline_ms": 20}
    post(cluster, "/v1/plans", cut)
    body = {"policy_id": policy, "step": 5, "total": 1600, "items": items(400, 200), "deadline_ms": 60000}
    connection = http.client.HTTPConnection("127.0.0.1", cluster.port, timeout=60)
    connection.request(
        "POST", "/v1/plans", json.dumps(body), {"Content-Type": "application/json", "Accept": "application/x-ndjson"}
    )
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"step {policy}/5 answered {answer.status}: {answer.read().decode()}")
    lines = []

    def read():
        # Until the coordinator is killed.
        with contextlib.suppress(OSError, http.client.HTTPException):
            while line := answer.readline():
                lines.append(json.loads(line))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    cluster.wait(lambda: len(lines) >= 20)
    cluster.kill("worker-0")
    time.sleep(0.5)
    return lines


def stored(path):
    """Outcomes, jobs and the model, read from the file without the program."""
    database = sqlite3.connect(path)
    outcomes = {}
    for policy, event, reward, n, failed in database.execute(
        "SELECT policy, event, reward, n, failed FROM outcome ORDER BY sequence"
    ):
        outcomes.setdefault(policy, []).append({"event_id": event, "reward": reward, "n": n, "failed": failed})
    jobs = {}
    facts = {"outcomes": outcomes, "jobs": jobs}
    for kind, job, shard, header, body in database.execute(
        "SELECT kind, job, shard, header, body FROM entry ORDER BY sequence"
    ):
        if kind == 1:
            facts["generation"] = shard
        elif kind == 2:
            facts["model"] = {"name": header.decode(), "digest": body.hex()}
        elif kind == 3:
            jobs[job.hex()] = {"confirmed_below": 0, "answered": []}
        elif kind == 4:
            jobs[job.hex()]["answered"].append(shard)
        elif kind == 5:
            jobs[job.hex()]["confirmed_below"] = shard
    # All in one file: what was in the write-ahead log is moved into the database.
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("PRAGMA journal_mode = DELETE")
    database.close()
    return facts


def main():
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    options = parser.parse_args()
    version = subprocess.run([options.program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    model = f"table:0:{PROMPT_MILLISECONDS * 1000}"
    with Cluster(model, program=options.program) as cluster:
        cluster.wait_for_workers(1)
        score(cluster, "finished", 40, is_killed=False)
        trainer_steps(cluster, "trained/a")
        cluster.kill("coordinator")
        cluster.start_coordinator()
        cluster.wait_for_workers(1)
        rolled_steps(cluster, "rolled/b")
        score(cluster, "unfinished", 2000, is_killed=True)
        open_budgets = unfinished_plans(cluster, "trained/a")
        plans = [
            snapshot(cluster, policy, step)
            for policy, count in (("trained/a", 6), ("rolled/b", 3))
            for step in range(count)
        ]
        cluster.kill("coordinator")
        journal = cluster.folder / "journal.sqlite"
        facts = {"program": version, "plans": plans, "open_budgets": open_budgets} | stored(journal)
        FOLDER.mkdir(parents=True, exist_ok=True)
        with open(FOLDER / "journal.sqlite.gz", "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed:
            packed.write(journal.read_bytes())
    (FOLDER / "facts.json").write_text(json.dumps(facts, ensure_ascii=False, separators=(",", ":")) + "\n")
    sizes = {file.name: file.stat().st_size for file in sorted(FOLDER.iterdir())}
    print(
        f"version {version}: {len(plans)} plans, {sum(map(len, facts['outcomes'].values()))} outcomes, "
        f"{len(facts['jobs'])} jobs; {sizes}"
    )


if __name__ == "__main__":
    main()
