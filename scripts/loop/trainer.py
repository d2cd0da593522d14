"""A trainer without training: for each step it gets a plan and waits until rollout workers have completed its groups.

Standard library only. Outcomes of a step reach the next one through the coordinator: rollout workers report there.
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python" / "src"))
from statezero.client import Client, Unavailable


class Step:
    """A step: its plan, and its groups by prompt id."""

    def __init__(self, plan, groups, seconds):
        self.plan, self.groups, self.seconds = plan, groups, seconds


def until_answered(until, call, *arguments, **options):
    """Calls until there is an answer. Repeating a request is safe: a coordinator gives the same answer, also after a
    restart."""
    while True:
        try:
            return call(*arguments, **options)
        except Unavailable:
            if time.monotonic() >= until:
                raise
            time.sleep(0.2)


def steps(url, policy_id, items, versions, total, timeout=120.0, **options):
    """Runs steps one after the other, one for each version.

    Raises TimeoutError where a step's groups are not complete within `timeout` seconds.
    """
    client = Client(url, timeout=30.0, strict=True)
    for step, version in enumerate(versions):
        start = time.monotonic()
        plan = until_answered(
            start + timeout,
            client.plan,
            policy_id,
            step,
            total,
            items,
            policy_version=version,
            delivery="workers",
            deadline=10.0,
            **options,
        )
        groups, after = {}, 0
        wanted = [item["prompt_id"] for item in plan.items if item["n"] > 0]
        while len(groups) < len(wanted):
            left = start + timeout - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{policy_id}, step {step}: {len(groups)} of {len(wanted)} groups in {timeout} s")
            answer = until_answered(start + timeout, client.groups, policy_id, step, after=after, wait=min(10.0, left))
            after = answer.after
            for group in answer:
                if group["prompt_id"] in groups:
                    raise AssertionError(f"{policy_id}, step {step}: {group['prompt_id']} is done twice")
                groups[group["prompt_id"]] = group
        yield Step(plan, groups, time.monotonic() - start)
