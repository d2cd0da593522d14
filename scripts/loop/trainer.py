"""A trainer without training: asks for each step's plan, waits for the groups that rollout workers complete, goes on.

Standard library only. What a step learned reaches the next one through the coordinator: rollout workers report there.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "clients"))

from statezero_client import Client, Unavailable  # noqa: E402


class Step:
    """A step: its plan, and its groups by prompt id."""

    def __init__(self, plan, groups, seconds):
        self.plan, self.groups, self.seconds = plan, groups, seconds


def again(until, call, *arguments, **options):
    """Calls until there is an answer: asked twice, a coordinator answers the same, in this life or the next."""
    while True:
        try:
            return call(*arguments, **options)
        except Unavailable:
            if time.monotonic() >= until:
                raise
            time.sleep(0.2)


def steps(url, policy_id, items, versions, total, patience=120.0, **options):
    """Steps one after the other, one a version. Raises where a step's groups do not come within `patience` seconds."""
    client = Client(url, timeout=30.0, strict=True)
    for step, version in enumerate(versions):
        start = time.monotonic()
        plan = again(
            start + patience,
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
            left = start + patience - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{policy_id}, step {step}: {len(groups)} of {len(wanted)} groups in {patience} s")
            answer = again(start + patience, client.groups, policy_id, step, after=after, wait=min(10.0, left))
            after = answer.after
            for group in answer:
                if group["prompt_id"] in groups:
                    raise AssertionError(f"{policy_id}, step {step}: {group['prompt_id']} is done twice")
                groups[group["prompt_id"]] = group
        yield Step(plan, groups, time.monotonic() - start)
