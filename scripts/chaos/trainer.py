"""The trainer of a chaos run: plans and outcomes over HTTPS with a token, each request repeated until it is answered;
or the check of all of them at the end.

    trainer.py run|check URL TOKEN-FILE CA-FILE STATE-FILE [--steps N] [--prompts N] [--pause SECONDS]

`run` writes what was answered to the state file, one line a step, once the step's outcomes are acknowledged; it also
asks for an earlier plan again, and goes back to an earlier step twice, after which a report of the time before must be
rejected. `check` asks for the plans that are kept and reads the policy's whole history; prints
one line of JSON with what differs from the state file, and the SHA-256 of the history's events. Plans follow from the
order in which predictions arrive, so they are compared with what was answered before, not with those of another run.
"""

import argparse
import hashlib
import http.client
import json
import pathlib
import ssl
import sys
import time
import urllib.parse

POLICY = "chaos"
REQUEST_SECONDS = 10
PLAN_DEADLINE_MS = 60_000
RETRY_SECONDS = 0.2
# Exit code of a promise that was broken.
REFUSED = 3
# Plans that a coordinator keeps of a policy, and the age of the plan that is asked for again.
PLANS_KEPT = 8
EARLIER_STEPS = 3
# After these steps it goes back to an earlier one, once each.
RETURNS = {10: 6, 21: 14}
# Answers that another try may mend.
PASSING = (429, 500, 502, 503, 504)


class Refused(Exception):
    """The coordinator has answered that a request is wrong."""


class Coordinator:
    """Requests that are repeated until one is answered; each may be sent any number of times."""

    def __init__(self, arguments: argparse.Namespace):
        self.address = urllib.parse.urlsplit(arguments.url).netloc
        self.headers = {
            "Authorization": f"Bearer {arguments.token.read_text().strip()}",
            "Content-Type": "application/json",
        }
        self.context = ssl.create_default_context(cafile=str(arguments.ca))
        self.connection: http.client.HTTPSConnection | None = None
        self.retries = 0

    def ask(self, method: str, path: str, body: object = None) -> dict:
        data = None if body is None else json.dumps(body)
        while True:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPSConnection(
                        self.address, timeout=REQUEST_SECONDS, context=self.context
                    )
                self.connection.request(method, path, data, self.headers)
                answer = self.connection.getresponse()
                content = answer.read()
                if answer.status == 200:
                    return json.loads(content)
                if answer.status not in PASSING:
                    raise Refused(f"{method} {path}: {answer.status} {content.decode(errors='replace')[:300]}")
            except (OSError, http.client.HTTPException, ValueError):
                if self.connection is not None:
                    self.connection.close()
                self.connection = None
            self.retries += 1
            time.sleep(RETRY_SECONDS)


def plan_of(step: int, prompts: int, attempt: int) -> dict:
    items = [{"prompt_id": f"p{step}-{i}", "prompt": f"What is {step} times {i * 37 % 101}?"} for i in range(prompts)]
    return {
        "policy_id": POLICY,
        "step": step,
        "attempt": attempt,
        "total": 8 * prompts,
        "items": items,
        "deadline_ms": PLAN_DEADLINE_MS,
        "fallback": "refuse",
    }


def outcomes_of(step: int, budgets: list[dict]) -> list[dict]:
    def reward(prompt: str, number: int) -> int:
        return hashlib.sha256(f"{prompt}/{number}".encode()).digest()[0] & 1

    return [
        {
            "event_id": f"{step}/{budget['prompt_id']}",
            "prompt_id": budget["prompt_id"],
            "step": step,
            "rewards": [reward(budget["prompt_id"], number) for number in range(budget["n"])],
        }
        for budget in budgets
        if budget["n"] > 0
    ]


def budgets_of(plan: dict) -> list[dict]:
    return [{"prompt_id": item["prompt_id"], "n": item["n"]} for item in plan["items"]]


def run(coordinator: Coordinator, arguments: argparse.Namespace) -> None:
    # Without a worker the first plan would be another one.
    coordinator.ask("GET", "/readyz")
    lines: dict[int, dict] = {}
    returns, attempt, first, step = dict(RETURNS), 1, 0, 0
    with open(arguments.state, "w") as state:
        while step < arguments.steps:
            plan = coordinator.ask("POST", "/v1/plans", plan_of(step, arguments.prompts, attempt))
            if step == first and attempt > 1:
                check_late(coordinator, step, attempt - 1)
            budgets = budgets_of(plan)
            outcomes = outcomes_of(step, budgets)
            report = {"policy_id": POLICY, "attempt": attempt, "outcomes": outcomes}
            answer = coordinator.ask("POST", "/v1/outcomes", report)
            if answer["accepted"] + answer["duplicates"] != len(outcomes):
                raise Refused(f"step {step}: {answer}")
            line = {
                "step": step,
                "attempt": attempt,
                "digest": plan["digest"],
                "status": plan["status"],
                "budgets": budgets,
                "retries": coordinator.retries,
            }
            state.write(json.dumps(line) + "\n")
            state.flush()
            lines[step] = line
            if step - EARLIER_STEPS >= first:
                check_plan(coordinator, lines[step - EARLIER_STEPS], arguments.prompts)
            time.sleep(arguments.pause)
            if step in returns:
                first = step = returns.pop(step)
                attempt += 1
            else:
                step += 1


def check_late(coordinator: Coordinator, step: int, attempt: int) -> None:
    """Reports an outcome of the attempt before, which has begun anew at a step."""
    outcome = {"event_id": f"late {attempt}", "prompt_id": f"p{step}-0", "step": step, "rewards": [1]}
    answer = coordinator.ask("POST", "/v1/outcomes", {"policy_id": POLICY, "attempt": attempt, "outcomes": [outcome]})
    if [rejected["code"] for rejected in answer["rejected"]] != ["abandoned"]:
        raise Refused(f"an outcome of attempt {attempt} counts in attempt {attempt + 1}: {answer}")


def check_plan(coordinator: Coordinator, line: dict, prompts: int) -> None:
    plan = coordinator.ask("POST", "/v1/plans", plan_of(line["step"], prompts, line["attempt"]))
    if (plan["digest"], budgets_of(plan)) != (line["digest"], line["budgets"]):
        raise Refused(f"the plan of step {line['step']} has changed")
    if not all(4 <= budget["n"] <= 32 for budget in line["budgets"]):
        raise Refused(f"a budget of step {line['step']} is outside its range")
    if sum(budget["n"] for budget in line["budgets"]) + plan["surplus"] != 8 * prompts:
        raise Refused(f"the budgets of step {line['step']} do not add up")


def history_of(coordinator: Coordinator) -> list[dict]:
    outcomes, start = [], 0
    while start is not None:
        page = coordinator.ask("GET", f"/v1/policies/{POLICY}/outcomes?from={start}&count=4096")
        outcomes += page["outcomes"]
        start = page["next"]
    return outcomes


def check(coordinator: Coordinator, arguments: argparse.Namespace) -> None:
    problems, sent = [], {}
    # A later line of a step is of a later attempt.
    lines = {line["step"]: line for line in map(json.loads, arguments.state.read_text().splitlines())}
    for step in sorted(lines)[-PLANS_KEPT:]:
        check_plan(coordinator, lines[step], arguments.prompts)
    for line in lines.values():
        sent |= {outcome["event_id"]: outcome for outcome in outcomes_of(line["step"], line["budgets"])}
    history = history_of(coordinator)
    ids = [outcome["event_id"] for outcome in history]
    lost, twice = set(sent) - set(ids), len(ids) - len(set(ids))
    if lost:
        problems.append(f"{len(lost)} acknowledged outcomes are missing, such as {min(lost)}")
    if twice:
        problems.append(f"{twice} outcomes are there twice")
    for outcome in history:
        known = sent.get(outcome["event_id"])
        if known is None or known["prompt_id"] != outcome["prompt_id"]:
            problems.append(f"the outcome {outcome['event_id']} is not one that was sent")
        elif (len(known["rewards"]), sum(known["rewards"])) != (outcome["n"], round(outcome["mean"] * outcome["n"])):
            problems.append(f"the rewards of {outcome['event_id']} have changed: {outcome}")
    events = sorted((outcome["event_id"], outcome["prompt_id"]) for outcome in history)
    digest = hashlib.sha256(json.dumps(events).encode()).hexdigest()
    summary = {"problems": problems[:10], "outcomes": len(history), "history": digest}
    print(json.dumps(summary))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["run", "check"])
    parser.add_argument("url")
    for name in ("token", "ca", "state"):
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=30, metavar="N")
    parser.add_argument("--prompts", type=int, default=24, metavar="N")
    parser.add_argument("--pause", type=float, default=0.4, metavar="SECONDS")
    arguments = parser.parse_args()
    try:
        (run if arguments.verb == "run" else check)(Coordinator(arguments), arguments)
    except Refused as error:
        print(f"refused: {error}", file=sys.stderr)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
