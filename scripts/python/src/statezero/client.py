"""Budgets of rollouts from a StateZero coordinator, for trainers. One file, standard library only, Python 3.9 or later.

    client = Client("http://127.0.0.1:8080", timeout=5.0)
    plan = client.plan("llm-a", step=12, total=8192, items=[{"prompt_id": "a", "prompt": "What is 17 + 25?"}, ...])
    for row in expand(plan, rows): ...                      # as many rows a prompt as its budget, with a group's uid
    client.report("llm-a", [{"prompt_id": "a", "step": 12, "rewards": [1, 0, 0, 1]}, ...])

Fails open: at the timeout, without a coordinator, or where the coordinator fails, `plan` gives even budgets, marked
by `plan.fallback` with the reason, and training goes on; `strict=True` raises instead. An invalid
request always raises (`RequestError`). No call takes longer than its timeout. Undelivered outcomes are kept, and sent
with the next call; each has an event id, so that none counts twice.

Ids and prompts may be as trainers have them: integers, chat messages, numpy scalars and arrays. Rewards that are None
or not a number count as failed rollouts. A client may be used from several threads, and pickled; `AsyncClient` has the
same methods to await. A trainer that may have been started before says `Client(..., resume=True)`: what its former
process had, from the first step on that this one plans, is dropped.

Request a plan on one rank and broadcast it: another rank's request might come a moment later, and fall back alone.
"""

from __future__ import annotations

import asyncio
import collections.abc
import concurrent.futures
import contextlib
import email.message
import hashlib
import http.client
import importlib
import json
import math
import operator
import os
import random
import re
import socket
import ssl
import sys
import threading
import time
import typing
import urllib.parse
import uuid
import warnings

__all__ = [
    "AsyncClient",
    "Choice",
    "Client",
    "DeadlineExceeded",
    "Groups",
    "Plan",
    "Report",
    "RequestError",
    "RewardRangeWarning",
    "StateZeroError",
    "Unavailable",
    "expand",
    "prompt_id",
    "prompt_text",
    "uniform_budgets",
]

Object = dict[str, typing.Any]  # of JSON
Rows = collections.abc.Iterable[typing.Any]

# As PlanLimits of the coordinator; a test compares them.
ROLLOUTS_MAX = 1024  # of one prompt
DEADLINE_MS_MAX = 3_600_000
# Of presets: caps over the mean, at least 2; of "widening" 1 + 3 · agreement. Chosen on half of the runs of
# scripts/loop/real_run/widening.py, and judged on the others.
_CAP, _WIDENING = 2.0, 3.0
PRESETS = ("trainer", "widening")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]*)?")
_TRACESTATE = re.compile(r"[!-~][ -~]{0,511}")


class StateZeroError(Exception):
    """The base of all errors of this client."""


class RequestError(StateZeroError, ValueError):
    """The request is invalid; the same request would fail again."""

    def __init__(self, message: str, status: int | None = None, code: str | None = None, param: str | None = None):
        super().__init__(message)
        self.status, self.code, self.param = status, code, param


class Unavailable(StateZeroError):
    """There is no coordinator, or it failed. `reason`: `no_coordinator` where nothing answers, otherwise the code of
    the answer, such as `busy` or `no_worker`; `status` is that of the answer."""

    def __init__(self, message: str, reason: str = "no_coordinator", status: int | None = None):
        super().__init__(message)
        self.reason, self.status = reason, status


class DeadlineExceeded(Unavailable):
    """There was no answer in time."""

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message, "deadline", status)


class RewardRangeWarning(UserWarning):
    """A reward is outside the range, so the coordinator rejects its outcome."""


class Budgets(dict[str, int]):
    """Numbers of rollouts by prompt id. An id may be given as the trainer has it, such as an integer."""

    def __missing__(self, key: object) -> int:
        if key in self:
            return self[prompt_id(key)]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        with contextlib.suppress(RequestError):
            return super().__contains__(prompt_id(key))
        return False


class Plan:
    """Budgets of a step. `n[prompt_id]` is a prompt's number of rollouts; `items` has the same with what is known.

    `total` is the sum of the budgets; `surplus` is what was asked for beyond the caps of all prompts, or beyond
    `total_tokens`. `expected_tokens` are those of all answers, `expected_waste_tokens` those of groups without a
    gradient; None where no length of an answer is known. `advice` is what a tenth more of the
    total, or of the tokens, would be worth: {"total" or "total_tokens", "utility"}, to compare with body["utility"]."""

    def __init__(self, body: Object, fallback: bool = False, reason: str | None = None):
        self.body = body
        self.policy_id: str = body["policy_id"]
        self.step: int = body["step"]
        self.items: list[Object] = body["items"]
        self.n = Budgets({item["prompt_id"]: item["n"] for item in self.items})
        self.total: int = body["total"]
        self.surplus: int = body.get("surplus", 0)
        self.status: str = body["status"]
        self.plan_id: str | None = body.get("plan_id")
        self.warnings: list[str] = body.get("warnings", [])
        self.fallback: bool = fallback or self.status == "fallback"
        self.reason: str | None = reason or body.get("uniform_reason")
        self.total_tokens: int | None = body.get("total_tokens")
        self.expected_tokens: float | None = body.get("expected_tokens")
        self.expected_waste_tokens: float | None = body.get("expected_waste_tokens")
        self.advice: Object | None = body.get("advice")

    def __repr__(self) -> str:
        why = f" because of {self.reason}" if self.fallback else ""
        return (
            f"<plan {self.policy_id}/{self.step}: {self.total} rollouts over {len(self.items)} prompts, "
            f"{self.status}{why}>"
        )


class Choice:
    """Prompts chosen out of a pool. `indices` are their positions in it, in ascending order; `ids` their prompt ids.

    `random` says that nothing was known, so that they were drawn by seed; `reason` says why. `outcome_step` is the step
    to report their outcomes with: None for a random choice, because the plan has other groups."""

    def __init__(self, plan: Plan, indices: list[int], ids: list[str], is_random: bool, reason: str | None):
        self.plan, self.indices, self.ids = plan, indices, ids
        self.random, self.reason = is_random, reason
        self.outcome_step: int | None = None if is_random else plan.step

    def __repr__(self) -> str:
        how = f"at random because of {self.reason}" if self.random else "by their predictions"
        return f"<choice {self.plan.policy_id}/{self.plan.step}: {len(self.ids)} of {len(self.plan.items)} {how}>"


class Report:
    """The result of a report: `delivered` is false where outcomes are kept for the next call."""

    def __init__(self, delivered: bool, reason: str | None = None):
        self.delivered, self.reason = delivered, reason
        self.accepted, self.duplicates = 0, 0
        self.rejected: list[Object] = []
        self.decisions: list[Object] = []

    def _add(self, answer: Object) -> None:
        self.accepted += answer["accepted"]
        self.duplicates += answer["duplicates"]
        self.rejected += answer["rejected"]
        self.decisions += answer["decisions"]

    def __repr__(self) -> str:
        late = "" if self.delivered else ", not delivered"
        counts = f"{self.accepted} accepted, {self.duplicates} duplicates, {len(self.rejected)} rejected"
        return f"<report: {counts}{late}>"


class Groups:
    """Groups of a plan that are done; `after` is what to ask with next, `plan` the plan once it is whole."""

    def __init__(self, groups: list[Object], after: int, plan: Plan | None = None):
        self.groups, self.after, self.plan = groups, after, plan

    def __iter__(self) -> collections.abc.Iterator[Object]:
        return iter(self.groups)


class _Agreement:
    """How well a policy's predictions agreed with the outcomes reported since: the correlation of predicted success and
    mean reward over the last 256 groups, times n / (n + 64), so that few groups say little. 0 to 0.8."""

    GROUPS, USUAL, PROMPTS_MAX, STEPS_MAX = 256, 64, 16_384, 64

    def __init__(self) -> None:
        self._expected: dict[str, float] = {}  # by prompt id, until its outcome is reported
        self._pairs: collections.deque[tuple[float, float]] = collections.deque(maxlen=self.GROUPS)
        self._at: dict[int, float] = {}  # by step: a plan that is asked for again is the same

    def expect(self, items: collections.abc.Iterable[Object]) -> None:
        """A plan's predictions."""
        for item in items:
            if item.get("p") is not None:
                self._expected.pop(item["prompt_id"], None)
                self._expected[item["prompt_id"]] = float(item["p"])
        for name in list(self._expected)[: max(0, len(self._expected) - self.PROMPTS_MAX)]:
            del self._expected[name]

    def report(self, name: str, outcome: Object) -> None:
        """An outcome of a prompt; it counts once, where a plan predicted it."""
        rewards = outcome.get("rewards")
        known = outcome.get("mean") if rewards is None else sum(rewards)
        if known is None or rewards == [] or name not in self._expected:
            return
        rollouts = 1 if rewards is None else len(rewards) + int(outcome.get("failed", 0))
        self._pairs.append((self._expected.pop(name), float(known) / rollouts))

    def at(self, step: int) -> float:
        """Of a step's plan."""
        if step not in self._at:
            self._at[step] = self._now()
            for old in sorted(self._at)[: -self.STEPS_MAX]:
                del self._at[old]
        return self._at[step]

    def rewind(self, step: int) -> None:
        """Plans from a step on are dropped."""
        self._at = {known: value for known, value in self._at.items() if known < step}

    def _now(self) -> float:
        n = len(self._pairs)
        if n < 3:
            return 0.0
        means = [sum(values) / n for values in zip(*self._pairs)]
        p, reward = ([pair[place] - means[place] for pair in self._pairs] for place in (0, 1))
        spread = math.sqrt(sum(x * x for x in p) * sum(y * y for y in reward))
        both = sum(x * y for x, y in zip(p, reward))
        return max(0.0, both / spread) * n / (n + self.USUAL) if spread > 0 else 0.0


class Client:
    """A client of one coordinator. May be used from several threads, and pickled: a copy has the settings, and neither
    outcomes nor spool, which stay with the original."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        timeout: float = 5.0,
        strict: bool = False,
        shadow: bool = False,
        retries: int = 2,
        spool: str | os.PathLike[str] | None = None,
        keep: int = 65536,
        resume: bool | int = False,
        token: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
    ):
        """`timeout`: seconds a call takes at most. `shadow`: plans are made and logged, even budgets handed out.
        `retries`: tries beyond the first, inside the timeout. `spool`: a file that keeps undelivered outcomes, so that
        they outlive this process; `keep`: how many are kept, the oldest are dropped first (`dropped` counts them).
        `resume`: this process may go on where a former one ended, such as at a checkpoint. The first plan of a policy
        must then be its earliest step: plans from there on that the former process had are dropped with their outcomes,
        also those that are reported late. A number above 0 is used as the `attempt` of the API; True is the time.
        `token`: of a coordinator with keys; by default the environment variable STATEZERO_TOKEN. A refused one raises.
        A pickled client has it. `ca_file`: certificates (PEM) that an https:// server's must come from, instead of the
        system's."""
        parts = urllib.parse.urlsplit(url)
        is_url = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/") and not parts.query
        if not is_url:
            raise RequestError(f"the coordinator's url must be http://HOST:PORT or https://HOST:PORT, not {url!r}")
        self._is_https = parts.scheme == "https"
        if ca_file is not None and not self._is_https:
            raise RequestError(f"ca_file is for https://, and the url is {url!r}")
        self._ca_file = os.fspath(ca_file) if ca_file is not None else None
        self._token = (os.environ.get("STATEZERO_TOKEN", "") if token is None else token).strip()
        if not all("!" <= letter <= "~" for letter in self._token):
            raise RequestError("the token has spaces or letters beyond ASCII; it is one line of `statezero keys new`")
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._is_https else 80)
        self.timeout, self.strict, self.shadow, self.retries = float(timeout), strict, shadow, retries
        self._keep, self._spool = keep, os.fspath(spool) if spool else None
        self._ranges: dict[str, Object] = {}  # of rewards, by policy
        self._steps: dict[str, int] = {}  # the last ones, by policy
        self._attempt = _now() if resume is True else int(resume)
        self._attempts: dict[str, int] = {}  # by policy, after `rewind`
        self._lengths: dict[str, tuple[int, int]] = {}  # tokens and rollouts reported, by policy
        self._agreements: dict[str, _Agreement] = {}  # by policy
        self._begin()
        if self._spool and os.path.exists(self._spool):
            with open(self._spool, encoding="utf-8") as lines:
                self._release(self._claim([json.loads(line) for line in lines if line.endswith("\n")]))

    def _begin(self) -> None:
        """The state that a copy does not share."""
        self.dropped = 0
        self.fallbacks = 0
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._pending: dict[str, Object] = {}  # by event id
        self._claimed: set[str] = set()  # event ids that a thread is sending
        self._warned: set[str] = set()
        self._tls = ssl.create_default_context(cafile=self._ca_file) if self._is_https else None

    def _after_fork(self) -> None:
        """In a child process: the outcomes, and the spool, are the parent's."""
        if os.getpid() != self._process:
            self._spool = None
            self._begin()

    def __getstate__(self) -> Object:
        names = "_host _port timeout strict shadow retries _keep _ranges _steps _attempt _attempts _lengths".split()
        names += ["_is_https", "_ca_file", "_token", "_agreements"]
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: Object) -> None:
        self.__dict__.update(state, _spool=None)
        self._begin()

    # Plans

    def plan(
        self,
        policy_id: str,
        step: int | None,
        total: int | None,
        items: Rows,
        outcomes: Rows | None = None,
        deadline: float | None = None,
        *,
        exact: bool = False,
        duplicates: str = "raise",
        preset: str | None = "trainer",
        **options: typing.Any,
    ) -> Plan:
        """Budgets for a step's prompts that add up to `total`, or, with the option `total_tokens`, whose answers are
        expected to have so many tokens at most; `total` may then be None.

        `step`: None counts from this client's last step of the policy.
        `items`: dicts with `prompt_id` and `prompt` (and `n_min`, `n_max`, `expected_tokens`, `tokens_max`,
        `covariates`, `references` of their own),
        (prompt_id, prompt) pairs, or prompts alone, whose id is then a digest of the text. `covariates` are numbers and
        texts by name; `references` are outcomes of other policies on the prompt by name: a rate, or {"k", "n"}. The
        option `references` names policies whose outcomes were reported.
        `duplicates`: an id that occurs twice raises, or with "merge" is planned once, as its first item says.
        `outcomes` of earlier steps are reported first. `options` are those of `POST /v1/plans`: n_min, n_max,
        multiple_of, group_sizes, objective, explore, revisit_after, context, references, ... `preset`: what is chosen
        where they are not given. "trainer": objective informationGain, and 2 to twice the mean rollouts a prompt, so
        that plans which know little of this policy hardly have more silent groups than even budgets. "widening": the
        same, and as predictions agree with the outcomes that this client has reported (`agreement`), up to
        1 + 3 · agreement times the mean, which is at most 3.4. None, and plans with `total_tokens`: the
        defaults of the API, expectedContrast and 4 to 32. The same request gives the same plan; another one for the
        same step raises (409). `deadline`: seconds for predictions, by default most of the timeout. `exact`: raises
        where the caps of all prompts leave a surplus.
        """
        end = time.monotonic() + self.timeout
        if total is None and options.get("total_tokens") is None:
            raise RequestError("total is None, and there is no total_tokens", param="total")
        if exact and options.get("total_tokens") is not None:
            raise RequestError("exact is for a total of rollouts, and there is total_tokens", param="exact")
        number = self._step(policy_id, step)
        body: Object = {"policy_id": policy_id, "step": number, "total": total, "items": _items(items, duplicates)}
        body.update(options)
        body = {key: value for key, value in body.items() if value is not None}
        body.update(self._attempt_of(policy_id))
        if self.shadow:
            body["mode"] = "shadow"
        ranges: Object = {key: float(body[key]) for key in ("reward_low", "reward_high") if key in body}
        self._ranges[policy_id] = ranges
        events = [self._event(policy_id, outcome, ranges) for outcome in outcomes or ()]
        with self._lock:
            agreement = self._agreement(policy_id)
            body.update(_of_preset(preset, body, agreement.at(number)))
        # Outcomes go first, but leave half of the time for the plan.
        self._deliver(self._claim(events), time.monotonic() + self.timeout / 2, raises=bool(events))
        left = end - time.monotonic()
        seconds = min(deadline if deadline is not None else left, max(0.001, left - min(0.5, left / 4)))
        body["deadline_ms"] = max(1, min(DEADLINE_MS_MAX, int(1000 * seconds)))
        try:
            plan = Plan(_checked(self._ask("POST", "/v1/plans", body, end), body))
        except Unavailable as error:
            if self.strict:
                raise
            self.fallbacks += 1
            plan = _uniform_plan(body, error.reason, str(error), self._length(policy_id))
        with self._lock:
            agreement.expect(plan.items)
        if exact and plan.surplus:
            raise RequestError(f"{plan.surplus} of {total} rollouts are beyond the caps of all prompts", param="total")
        return plan

    def choose(
        self,
        policy_id: str,
        pool: Rows,
        k: int,
        size: int,
        step: int | None = None,
        *,
        seed: int = 0,
        objective: str = "mixedGroupProbability",
        duplicates: str = "raise",
        **options: typing.Any,
    ) -> Choice:
        """Chooses `k` prompts of a pool for equal groups of `size` rollouts. `pool` is as `items` of `plan`, `options`
        too. Where nothing is known, or there is no coordinator, prompts are drawn at random, the same for the same
        seed, policy and step."""
        rows = list(pool)
        items = _items(rows, duplicates)
        if not 0 < k <= len(items):
            raise RequestError(f"k is {k}, and the pool has {len(items)} prompts", param="k")
        budgets: Object = {"n_min": 0, "n_max": size, "group_sizes": [0, size], "objective": objective}
        plan = self.plan(policy_id, step, k * size, items, preset=None, **budgets, **options)
        ids = [item["prompt_id"] for item in items]
        chosen = [name for name in ids if plan.n[name]]
        reason = plan.reason if plan.fallback else plan.body.get("uniform_reason")
        if reason is not None:
            drawn = set(random.Random(f"{seed}/{policy_id}/{plan.step}").sample(range(len(ids)), k))
            chosen = [name for place, name in enumerate(ids) if place in drawn]
        places: dict[str, int] = {}
        for place, item in enumerate(map(_item, rows)):
            places.setdefault(item["prompt_id"], place)
        return Choice(plan, sorted(places[name] for name in chosen), chosen, reason is not None, reason)

    def groups(self, policy_id: str, step: int, after: int = 0, wait: float = 30.0) -> Groups:
        """Groups of a plan that are done, from number `after` on; waits up to `wait` seconds for the first.

        For plans with `delivery="workers"`. Without a coordinator there are none, unless `strict`.
        """
        wait = max(0.0, min(float(wait), 30.0))
        policy, milliseconds = urllib.parse.quote(policy_id, safe=""), int(1000 * wait)
        path = f"/v1/plans/{policy}/{step}?groups_after={after}&wait_ms={milliseconds}"
        try:
            answer = self._ask("GET", path, None, time.monotonic() + wait + self.timeout)
        except Unavailable:
            if self.strict:
                raise
            return Groups([], after)
        with self._lock:
            for group in answer["groups"]:
                self._agreement(policy_id).report(group["prompt_id"], group)
        return Groups(answer["groups"], answer["groups_after"], Plan(answer["plan"]) if answer["plan"] else None)

    def rewind(self, policy_id: str, step: int, keep_outcomes: bool = False) -> Object:
        """This trainer goes back to a step, such as to a checkpoint after the loss diverged: plans from there on are
        dropped, and their outcomes unless `keep_outcomes`. Returns the numbers of `plans`, `groups` and `outcomes`.
        Raises without a coordinator, because what is dropped there would count."""
        attempt = max(_now(), self._attempt_of(policy_id).get("attempt", 0) + 1)
        keeps = "true" if keep_outcomes else "false"
        query = (
            f"policy={urllib.parse.quote(policy_id, safe='')}&from={int(step)}&attempt={attempt}&keep_outcomes={keeps}"
        )
        dropped = self._ask("DELETE", f"/v1/plans?{query}", None, time.monotonic() + self.timeout)
        with self._lock:
            self._attempts[policy_id] = attempt
            self._steps[policy_id] = int(step) - 1
            self._agreement(policy_id).rewind(int(step))
        return dropped

    def agreement(self, policy_id: str, step: int | None = None) -> float:
        """How well predictions agreed with the outcomes that this client has reported since: their correlation over the
        last 256 groups, times n / (n + 64). 0 without any. The preset "widening" has it; `step` is that of
        a plan that was made."""
        with self._lock:
            known = self._agreement(policy_id)
            return known._now() if step is None else known.at(step)

    def _agreement(self, policy_id: str) -> _Agreement:
        return self._agreements.setdefault(policy_id, _Agreement())

    def _length(self, policy_id: str) -> float | None:
        """The mean length of the answers that this client has reported."""
        tokens, rollouts = self._lengths.get(policy_id, (0, 0))
        return tokens / rollouts if rollouts else None

    def _attempt_of(self, policy_id: str) -> Object:
        attempt = self._attempts.get(policy_id, self._attempt)
        return {"attempt": attempt} if attempt else {}

    def _step(self, policy_id: str, step: int | None) -> int:
        self._after_fork()
        with self._lock:
            number = self._steps.get(policy_id, -1) + 1 if step is None else int(step)
            self._steps[policy_id] = number
            return number

    # Outcomes and scores

    def report(
        self, policy_id: str, outcomes: Rows, reward_low: float | None = None, reward_high: float | None = None
    ) -> Report:
        """Reports outcomes of groups: dicts with `prompt_id` and `rewards` (or `mean` and `n`), and `step`, `failed`,
        `prompt`, `policy_version` where they are known. What cannot be delivered now is kept, unless the coordinator
        refuses it; one that is rejected for itself is in the answer's `rejected`. The range of rewards is by default
        that of the policy's last plan by this client.
        """
        given = {"reward_low": reward_low, "reward_high": reward_high}
        ranges = {key: value for key, value in given.items() if value is not None} or self._ranges.get(policy_id, {})
        claimed = self._claim([self._event(policy_id, outcome, ranges) for outcome in outcomes])
        return self._deliver(claimed, time.monotonic() + self.timeout, raises=True)

    @property
    def pending(self) -> int:
        """The number of outcomes that wait for delivery."""
        with self._lock:
            return len(self._pending)

    def score(
        self,
        policy_id: str,
        prompts: Rows,
        context_set: Rows | None = None,
        context: Object | None = None,
        policy_version: int | None = None,
        references: list[str] | None = None,
        known: Rows | None = None,
    ) -> list[Object]:
        """Success probabilities of texts, as dicts with `p`, `kappa`, `p_lo`, `p_hi`, `evidence`; raises without a
        coordinator, for there is no even prediction to fall back on. `context_set`: dicts with `prompt`, `reward` and
        `n`; without one it is drawn from the policy's history. `references`: policies whose outcomes the coordinator
        keeps. `known`: for each prompt a dict with its `references` and `covariates`; rows of `context_set` may have
        them too."""
        items: list[Object] = [{"prompt": prompt_text(prompt)} for prompt in prompts]
        if known is not None:
            items = [dict(facts, **item) for facts, item in zip(known, items, strict=True)]
        body: Object = {"policy_id": policy_id, "items": items}
        if context_set is not None:
            context_set = [dict(row, prompt=prompt_text(row["prompt"])) for row in context_set]
        given: Object = {"context_set": context_set, "context": context, "references": references}
        given["policy_version"] = policy_version
        for key, value in given.items():
            if value is not None:
                body[key] = value
        end = time.monotonic() + self.timeout
        body["deadline_ms"] = max(1, min(DEADLINE_MS_MAX, int(900 * self.timeout)))
        scores: list[Object] = self._ask("POST", "/v1/score", body, end)["items"]
        return scores

    # Policies

    def policies(self) -> list[Object]:
        """What the coordinator keeps of each policy: dicts with `policy_id`, `outcomes`, `prompts`, `bytes`,
        `latest_version`, `failure_rate`, `plans` (steps) and `idle_rank` (the highest is forgotten first)."""
        policies: list[Object] = self._ask("GET", "/v1/policies", None, time.monotonic() + self.timeout)["policies"]
        return policies

    def outcomes(self, policy_id: str) -> collections.abc.Iterator[Object]:
        """Yields all outcomes of a policy, in the order in which they were recorded, as `report` accepts them."""
        policy = urllib.parse.quote(policy_id, safe="")
        start: int | None = 0
        while start is not None:
            path = f"/v1/policies/{policy}/outcomes?from={start}"
            page = self._ask("GET", path, None, time.monotonic() + self.timeout)
            yield from page["outcomes"]
            start = page["next"]

    def forget_policy(self, policy_id: str) -> Object:
        """Forgets all of a policy, and returns what there was. Raises `RequestError` where there is nothing of it."""
        path = "/v1/policies/" + urllib.parse.quote(policy_id, safe="")
        forgotten: Object = self._ask("DELETE", path, None, time.monotonic() + self.timeout)["forgotten"]
        with self._lock:
            self._agreements.pop(policy_id, None)
        return forgotten

    # Outcomes: storing and delivering

    def _event(self, policy_id: str, outcome: Object, ranges: Object) -> Object:
        outcome = {key: value for key, value in outcome.items() if value is not None}
        outcome["prompt_id"] = prompt_id(outcome.get("prompt_id"), outcome.get("prompt"))
        if "prompt" in outcome:
            outcome["prompt"] = prompt_text(outcome["prompt"])
        outcome.setdefault("event_id", uuid.uuid4().hex)
        if "rewards" in outcome:
            rewards = [math.nan if reward is None else float(reward) for reward in outcome.pop("rewards")]
            if any(math.isinf(reward) for reward in rewards):
                raise RequestError(f"prompt {outcome['prompt_id']!r} has an infinite reward", param="rewards")
            known = [reward for reward in rewards if not math.isnan(reward)]
            if len(known) < len(rewards):
                outcome["failed"] = int(outcome.get("failed", 0)) + len(rewards) - len(known)
            if known or not outcome.get("failed"):
                outcome["rewards"] = known
            self._check_range(policy_id, outcome["prompt_id"], known, ranges)
        if outcome.get("tokens"):
            rollouts = len(outcome.get("rewards", ())) or int(outcome.get("n", 0))
            with self._lock:
                before = self._lengths.get(policy_id, (0, 0))
                self._lengths[policy_id] = (
                    before[0] + int(outcome["tokens"]),
                    before[1] + rollouts + int(outcome.get("failed", 0)),
                )
        with self._lock:
            self._agreement(policy_id).report(outcome["prompt_id"], outcome)
        return {"to": dict(ranges, policy_id=policy_id, **self._attempt_of(policy_id)), "outcome": outcome}

    def _check_range(self, policy_id: str, name: str, rewards: list[float], ranges: Object) -> None:
        low = ranges.get("reward_low", 0.0)
        high = ranges.get("reward_high", max(1.0, low + 1))
        outside = next((reward for reward in rewards if not low <= reward <= high), None)
        if outside is not None and policy_id not in self._warned:
            self._warned.add(policy_id)
            message = (
                f"policy {policy_id!r}, prompt {name!r}: the reward {outside} is outside [{low}, {high}], and its "
                "outcome is rejected; give reward_low and reward_high to plan and report"
            )
            warnings.warn(message, RewardRangeWarning, stacklevel=4)

    def _claim(self, events: collections.abc.Sequence[Object]) -> list[Object]:
        """Keeps events, and takes all that no other thread is sending: each is sent by one thread at a time."""
        self._after_fork()
        with self._lock:
            self._pending.update((event["outcome"]["event_id"], event) for event in events)
            free = [name for name in self._pending if name not in self._claimed]
            excess = min(len(free), len(self._pending) - self._keep)
            for name in free[: max(0, excess)]:
                del self._pending[name]
                self.dropped += 1
            claimed = [self._pending[name] for name in free[max(0, excess) :]]
            self._claimed.update(event["outcome"]["event_id"] for event in claimed)
            if events:
                self._save()
        return claimed

    def _release(self, events: list[Object]) -> None:
        with self._lock:
            self._claimed.difference_update(event["outcome"]["event_id"] for event in events)

    def _forget(self, events: list[Object]) -> None:
        with self._lock:
            for event in events:
                self._pending.pop(event["outcome"]["event_id"], None)
            self._save()

    def _save(self) -> None:
        if not self._spool:
            return
        partial = self._spool + ".partial"
        with open(partial, "w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(event, default=_plain) + "\n" for event in self._pending.values())
            lines.flush()
            os.fsync(lines.fileno())
        os.replace(partial, self._spool)

    def _deliver(self, claimed: list[Object], end: float, raises: bool) -> Report:
        """Sends claimed events, a policy and range of rewards at a time. Forgets what was answered, refused or not.
        What one policy is refused does not keep back others."""
        report, refused, failed = Report(True), None, None
        batches: dict[str, list[Object]] = {}
        for event in claimed:
            batches.setdefault(json.dumps(event["to"], sort_keys=True, default=_plain), []).append(event)
        parts = [batch[first : first + 4096] for batch in batches.values() for first in range(0, len(batch), 4096)]
        try:
            for events in parts:
                body = dict(events[0]["to"], outcomes=[event["outcome"] for event in events])
                try:
                    report._add(self._ask("POST", "/v1/outcomes", body, end))
                    self._forget(events)
                except RequestError as error:
                    self._forget(events)
                    refused = refused or error
                except Unavailable as error:
                    failed = failed or error
                    if error.status is None:
                        break  # nothing answers; the next would wait too
        finally:
            self._release(claimed)
        if refused and raises:
            raise refused
        if refused:
            warnings.warn(f"outcomes were refused, and are dropped: {refused}", stacklevel=3)
        if failed:
            if self.strict and raises:
                raise failed
            report.delivered, report.reason = False, failed.reason
        return report

    # HTTP

    def _ask(self, method: str, path: str, body: Object | None, end: float) -> Object:
        """The answer's JSON. Retries what may succeed later, within the time."""
        data = None if body is None else _encoded(body)
        for attempt in range(self.retries + 1):
            pause = 0.1 * 2**attempt
            try:
                status, headers, answer = self._once(method, path, data, end)
            except DeadlineExceeded:
                raise
            except (OSError, http.client.HTTPException) as error:
                failure = Unavailable(f"no coordinator at {self._host}:{self._port}: {error}")
            else:
                parsed, problem = _parsed(status, answer)
                if status == 200 and parsed is not None:
                    return parsed
                message = "{} {}: {} {}".format(method, path, status, problem.get("message", "without a reason"))
                if 400 <= status < 500 and status not in (408, 429):
                    raise RequestError(message, status, problem.get("code"), problem.get("param"))
                if status == 504:
                    raise DeadlineExceeded(message, status)
                default = "invalid_answer" if status == 200 else f"http_{status}"
                failure = Unavailable(message, problem.get("code") or default, status)
                with contextlib.suppress(ValueError):
                    pause = max(pause, float(headers.get("Retry-After") or 0))
            if attempt == self.retries or time.monotonic() + pause >= end:
                break
            time.sleep(pause)
        raise failure

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        return http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=self._tls)

    def _once(self, method: str, path: str, data: bytes | None, end: float) -> tuple[int, email.message.Message, bytes]:
        """One request. A thread of its own makes it, so that no name server and no slow drip outlasts the time."""
        seconds = end - time.monotonic()
        if seconds <= 0:
            raise DeadlineExceeded(f"no time is left for {method} {path}")
        connection = self._connection(seconds)
        outcome: list[tuple[int, email.message.Message, bytes] | Exception] = []
        trace = _trace_headers()

        def work() -> None:
            try:
                headers = {"Connection": "close", "Accept": "application/json", **trace}
                if self._token:
                    headers["Authorization"] = f"Bearer {self._token}"
                if data is not None:
                    headers["Content-Type"] = "application/json"
                connection.request(method, path, body=data, headers=headers)
                response = connection.getresponse()
                outcome.append((response.status, response.headers, response.read()))
            except Exception as error:  # the caller, who waits, gets it
                outcome.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(seconds)
        if not outcome:
            opened = connection.sock
            try:
                if opened is not None:
                    opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was closed in between
            raise DeadlineExceeded(f"{method} {path}: no answer within {seconds:.1f} s")
        result = outcome[0]
        if isinstance(result, socket.timeout):
            raise DeadlineExceeded(f"{method} {path}: no answer within {seconds:.1f} s")
        if isinstance(result, Exception):
            raise result
        return result


class AsyncClient:
    """A `Client` whose calls are awaited; each runs in a thread of its own pool. A call that is cancelled still ends
    within its timeout, in its thread."""

    def __init__(self, client: Client, threads: int = 32):
        """`threads`: how many calls are made at a time; more wait."""
        self.client, self._threads = client, threads
        self._pool = concurrent.futures.ThreadPoolExecutor(threads, "statezero")

    def __getstate__(self) -> Object:
        return {"client": self.client, "threads": self._threads}

    def __setstate__(self, state: Object) -> None:
        AsyncClient.__init__(self, state["client"], state["threads"])

    async def _call(self, call: collections.abc.Callable[[], typing.Any]) -> typing.Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def plan(self, *arguments: typing.Any, **options: typing.Any) -> Plan:
        """As `Client.plan`."""
        plan: Plan = await self._call(lambda: self.client.plan(*arguments, **options))
        return plan

    async def choose(self, *arguments: typing.Any, **options: typing.Any) -> Choice:
        """As `Client.choose`."""
        choice: Choice = await self._call(lambda: self.client.choose(*arguments, **options))
        return choice

    async def report(self, *arguments: typing.Any, **options: typing.Any) -> Report:
        """As `Client.report`."""
        report: Report = await self._call(lambda: self.client.report(*arguments, **options))
        return report

    async def rewind(self, *arguments: typing.Any, **options: typing.Any) -> Object:
        """As `Client.rewind`."""
        dropped: Object = await self._call(lambda: self.client.rewind(*arguments, **options))
        return dropped

    async def groups(self, *arguments: typing.Any, **options: typing.Any) -> Groups:
        """As `Client.groups`."""
        groups: Groups = await self._call(lambda: self.client.groups(*arguments, **options))
        return groups

    async def score(self, *arguments: typing.Any, **options: typing.Any) -> list[Object]:
        """As `Client.score`."""
        scores: list[Object] = await self._call(lambda: self.client.score(*arguments, **options))
        return scores


def expand(plan: Plan, rows: Rows, key: str = "prompt_id") -> list[Object]:
    """Each row as often as its prompt's budget says, as dicts with `uid` (equal within a group, and in no other),
    `rollout_index` and `group_size`: no consumer has to infer groups by reshaping. Rows of prompts without a budget are
    left out; a row of a prompt that the plan does not have raises. Rows of the same prompt share its budget, and are
    one group."""
    rows = [dict(row) for row in rows]
    ids = [prompt_id(row[key]) for row in rows]
    count: dict[str, int] = {}
    for name in ids:
        if name not in plan.n:
            raise RequestError(f"{key} {name!r} is not in {plan!r}")
        count[name] = count.get(name, 0) + 1
    expanded: list[Object] = []
    placed: dict[str, int] = {}  # rows of the prompt so far
    for name, row in zip(ids, rows):
        size, place = plan.n[name], placed.get(name, 0)
        placed[name] = place + 1
        # The first rows get one more where it does not divide.
        first, last = (-(-size * index // count[name]) for index in (place, place + 1))
        uid = f"{plan.policy_id}/{plan.step}/{name}"
        expanded.extend(dict(row, uid=uid, rollout_index=index, group_size=size) for index in range(first, last))
    return expanded


def _of_preset(name: str | None, body: Object, agreement: float) -> Object:
    """Options of a preset that the request does not have."""
    if name is not None and name not in PRESETS:
        raise RequestError(f"preset must be one of {', '.join(PRESETS)} or None, not {name!r}", param="preset")
    found: Object = {}
    if name is None or "total_tokens" in body:
        return found
    if "objective" not in body:
        found["objective"] = "informationGain"
    if "group_sizes" in body or not body["items"]:
        return found
    multiple = max(1, int(body.get("multiple_of", 1)))
    mean = -(-int(body["total"]) // len(body["items"]))
    largest = round(max(_CAP, 1 + _WIDENING * agreement if name == "widening" else _CAP) * mean)
    given = [int(item[key]) for item in body["items"] for key in ("n_min", "n_max") if key in item]
    if "n_min" not in body:
        found["n_min"] = min(2, int(body.get("n_max", 2)))
    if "n_max" not in body:
        widest = max([largest, 2, int(body.get("n_min", 2)), *given])
        found["n_max"] = min(ROLLOUTS_MAX, -(-widest // multiple) * multiple)
    return found


# Ids and prompts as trainers have them


def _now() -> int:
    """Milliseconds since 1970: later starts of a trainer have larger numbers."""
    return time.time_ns() // 1_000_000


def prompt_id(value: typing.Any, prompt: typing.Any = None) -> str:
    """The id as a text: integers of any kind in digits. Without an id, the first 16 digits of the text's SHA-256."""
    value = _plain(value) if hasattr(value, "tolist") else value
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of integers in which a row is missing
    if isinstance(value, str) and value:
        return value
    if isinstance(value, (int, uuid.UUID)) and not isinstance(value, bool):
        return str(value)
    text = prompt_text(prompt)
    if value is None and text is not None:
        return hashlib.sha256(text.encode()).hexdigest()[:16]
    raise RequestError(
        f"{value!r} is no prompt id: it must be a text that is not empty, or an integer", param="prompt_id"
    )


def prompt_text(prompt: typing.Any) -> str | None:
    """The text of a prompt: a text itself, or chat messages. One message is its content; several are lines of
    `role: content`. Parts that are no text are named by their type."""
    prompt = _plain(prompt) if hasattr(prompt, "tolist") else prompt
    if prompt is None or isinstance(prompt, str):
        return prompt
    messages = [prompt] if isinstance(prompt, collections.abc.Mapping) else prompt
    try:
        lines = [(message.get("role", "user"), _content(message.get("content"))) for message in messages]
    except (TypeError, AttributeError):
        raise RequestError(f"a prompt must be a text or chat messages, not {prompt!r:.200}", param="prompt") from None
    return lines[0][1] if len(lines) == 1 else "\n".join(f"{role}: {content}" for role, content in lines)


def _content(content: typing.Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(
        part if isinstance(part, str) else part["text"] if "text" in part else f"[{part.get('type')}]"
        for part in content
    )


def _plain(value: typing.Any) -> typing.Any:
    """Numbers and lists instead of numpy's scalars and arrays, or tensors."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON")


def _item(row: typing.Any) -> Object:
    if isinstance(row, (str, list)):
        row = {"prompt": row}
    elif isinstance(row, tuple):
        row = dict(zip(("prompt_id", "prompt"), row))
    item = {key: value for key, value in row.items() if value is not None}
    text = prompt_text(item.get("prompt"))
    if text is not None:
        item["prompt"] = text
    item["prompt_id"] = prompt_id(item.get("prompt_id"), text)
    if "covariates" in item:  # what is not a number is not known
        item["covariates"] = {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in item["covariates"].items()
        }
    return item


def _items(items: Rows, duplicates: str) -> list[Object]:
    if duplicates not in ("raise", "merge"):
        raise RequestError(f"duplicates must be 'raise' or 'merge', not {duplicates!r}", param="duplicates")
    found: dict[str, Object] = {}
    twice: list[str] = []
    for item in map(_item, items):
        first = found.setdefault(item["prompt_id"], item)
        if first is not item:
            if first.get("prompt") != item.get("prompt"):
                raise RequestError(f"prompt {item['prompt_id']!r} occurs twice, with different texts", param="items")
            twice.append(item["prompt_id"])
    if twice and duplicates == "raise":
        names = ", ".join(map(repr, twice[:3]))
        message = f"{len(twice)} prompts occur twice, such as {names}; give each its own id, or duplicates='merge'"
        raise RequestError(message, code="duplicate", param="items")
    return list(found.values())


def _encoded(body: Object) -> bytes:
    try:
        return json.dumps(body, allow_nan=False, separators=(",", ":"), default=_plain).encode()
    except (TypeError, ValueError) as error:
        raise RequestError(f"the request has no JSON: {error}") from None


def _trace_headers() -> dict[str, str]:
    """The caller's span, where the process uses OpenTelemetry; else that of TRACEPARENT and TRACESTATE."""
    headers: dict[str, str] = {}
    if "opentelemetry" in sys.modules:
        with contextlib.suppress(Exception):  # a trace is no reason to fail
            importlib.import_module("opentelemetry.propagate").inject(headers)
    parent = os.environ.get("TRACEPARENT", "")
    # What is no traceparent might be no header at all.
    if not headers and _TRACEPARENT.fullmatch(parent):
        headers["traceparent"] = parent
        if _TRACESTATE.fullmatch(state := os.environ.get("TRACESTATE", "")):
            headers["tracestate"] = state
    return headers


def _parsed(status: int, answer: bytes) -> tuple[Object | None, Object]:
    """The answer's object, and its error; neither where it cannot be read."""
    try:
        parsed = json.loads(answer)
        problem = {} if status == 200 else parsed["error"]
    except (ValueError, KeyError, TypeError):
        return None, {}
    return (parsed if isinstance(parsed, dict) else None), (problem if isinstance(problem, dict) else {})


def _checked(answer: Object, body: Object) -> Object:
    """The plan, if it is whole and for what was asked; else it is no plan."""
    try:
        asked = [item["prompt_id"] for item in body["items"]]
        n = [item["n"] for item in answer["items"]]
        digest = hashlib.sha256(b"".join(number.to_bytes(4, "little") for number in n)).hexdigest()
        is_whole = (
            [item["prompt_id"] for item in answer["items"]] == asked
            and sum(n) == answer["total"]
            and ("total" not in body or answer["total"] + answer["surplus"] == body["total"])
            and digest == answer["digest"]
        )
    except (KeyError, TypeError, AttributeError, OverflowError):
        is_whole = False
    if not is_whole:
        raise Unavailable("the answer is not a whole plan for this request", "invalid_answer", 200)
    return answer


# The uniform plan, budget for budget as the coordinator would give it


def _uniform_plan(body: Object, reason: str, message: str, length: float | None = None) -> Plan:
    """`length`: expected tokens of an answer, for items that state none."""
    sizes: Object = {
        "n_min": body.get("n_min", 4),
        "n_max": body.get("n_max"),
        "multiple_of": body.get("multiple_of", 1),
        "group_sizes": body.get("group_sizes"),
    }
    warned = [message]
    known = [item["expected_tokens"] for item in body["items"] if "expected_tokens" in item]
    mean = length or (sum(known) / len(known) if known else None)
    lengths = [item.get("expected_tokens", mean) for item in body["items"]]
    capped = _capped(body["items"], lengths, sizes) if mean else body["items"]
    if body.get("total_tokens") is None:
        n = uniform_budgets(capped, body["total"], **sizes)
    else:
        n, more = _within_tokens(dict(body, items=capped), lengths if mean else None, sizes)
        warned += more
    items = [
        {"prompt_id": item["prompt_id"], "n": count, "p": None, "kappa": None, "source": "fallback", "reason": reason}
        for item, count in zip(body["items"], n)
    ]
    return Plan(
        {
            "policy_id": body["policy_id"],
            "step": body["step"],
            "status": "fallback",
            "items": items,
            "total": sum(n),
            "surplus": max(0, body.get("total", 0) - sum(n)),
            "plan_id": None,
            "uniform_reason": reason,
            "warnings": warned,
        },
        fallback=True,
        reason=reason,
    )


def _capped(items: list[Object], lengths: list[float], sizes: Object) -> list[Object]:
    """Items with `tokens_max` as `n_max`; each may have its smallest size."""
    order, values, places = _ranked(items, **sizes)
    least = {row: values[low] for row, (low, _) in zip(order, places)}
    capped = []
    for row, (item, length) in enumerate(zip(items, lengths)):
        if "tokens_max" in item:
            cap = max(least[row], int(item["tokens_max"] / length))
            item = dict(item, n_max=min(item.get("n_max", cap), cap))
        capped.append(item)
    return capped


def _within_tokens(body: Object, lengths: list[float] | None, sizes: Object) -> tuple[list[int], list[str]]:
    """The largest even budgets whose answers are expected to have so many tokens at most, and warnings. Without the
    length of an answer it is `total` or, without that, the smallest budgets."""
    _, values, places = _ranked(body["items"], **sizes)
    least, high = sum(values[place] for place, _ in places), sum(values[place] for _, place in places)

    def even(total: int) -> list[int]:
        """Of the largest total up to this that the sizes allow."""
        unit = sizes["multiple_of"]
        total -= total % unit
        while True:
            try:
                return uniform_budgets(body["items"], total, **sizes)
            except RequestError:
                if total - unit < least:
                    raise
                total -= unit

    high = min(high, body.get("total", high))
    if lengths is None:
        message = "total_tokens is not used, because no length of an answer is known"
        return even(high if "total" in body else least), [message]
    low = least
    while low < high:
        middle = low + (high - low + 1) // 2
        if sum(map(operator.mul, even(middle), lengths)) <= body["total_tokens"]:
            low = middle
        else:
            high = middle - 1
    return even(low), []


def uniform_budgets(
    items: collections.abc.Sequence[Object],
    total: int,
    n_min: int = 4,
    n_max: int | None = None,
    multiple_of: int = 1,
    group_sizes: collections.abc.Iterable[int] | None = None,
) -> list[int]:
    """Even budgets in allowed sizes that add up to `total`, in the order of `items`; what does not suffice for all goes
    to the lowest prompt ids. Beyond what all can take it gives the most. Raises `RequestError` where there are none."""
    order, sizes, places = _ranked(items, n_min, n_max, multiple_of, group_sizes)
    if total % multiple_of:
        raise RequestError(f"the total {total} is not a multiple of {multiple_of}")
    least, most = sum(sizes[low] for low, _ in places), sum(sizes[high] for _, high in places)
    if total < least:
        raise RequestError(f"the total {total} is less than the minimum of all prompts, {least}")
    ranked = _level(sizes, places, min(total, most))
    budgets = [0] * len(items)
    for rank, row in enumerate(order):
        budgets[row] = ranked[rank]
    return budgets


def _ranked(
    items: collections.abc.Sequence[Object],
    n_min: int,
    n_max: int | None,
    multiple_of: int,
    group_sizes: collections.abc.Iterable[int] | None,
) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """Rows by rank, which is the order of ids; the sizes; by rank, the places of the smallest and the largest size of
    the prompt. Raises `RequestError` where there are none."""
    n_max = max(32, n_min) if n_max is None else n_max
    if not 0 <= n_min <= n_max <= ROLLOUTS_MAX or multiple_of < 1:
        raise RequestError(f"n_min {n_min}, n_max {n_max}, multiple_of {multiple_of} give no group sizes")
    if group_sizes:
        sizes = sorted(set(group_sizes))
        if any(not n_min <= size <= n_max or size % multiple_of for size in sizes):
            raise RequestError(f"group_sizes must be multiples of {multiple_of} from {n_min} to {n_max}")
    else:
        sizes = [n for n in range(n_min, n_max + 1) if n % multiple_of == 0 and (n != 1 or n_min == 1)]
    ids = [item["prompt_id"] for item in items]
    if not items or not sizes or len(set(ids)) != len(ids):
        raise RequestError("there are no prompts, no group sizes, or a prompt occurs twice")
    order = sorted(range(len(items)), key=lambda row: ids[row].encode())
    places = []
    for row in order:
        floor, cap = items[row].get("n_min"), items[row].get("n_max")
        low = 0 if floor is None else next((i for i, size in enumerate(sizes) if size >= floor), len(sizes))
        high = len(sizes) - 1 if cap is None else max((i for i, size in enumerate(sizes) if size <= cap), default=-1)
        if low > high:
            raise RequestError(f"prompt {ids[row]!r}: no group size is between its n_min and n_max")
        places.append((low, high))
    return order, sizes, places


def _level(sizes: list[int], places: list[tuple[int, int]], total: int) -> list[int]:
    """All are raised together, each between its own limits, then the first ranks by one size more."""

    def at(level: int) -> list[int]:
        return [min(max(level, low), high) for low, high in places]

    level, top = 0, len(sizes) - 1
    while level < top:  # the largest level whose sum is within the total
        middle = (level + top + 1) // 2
        if sum(sizes[place] for place in at(middle)) <= total:
            level = middle
        else:
            top = middle - 1
    budgets = [sizes[place] for place in at(level)]
    left = total - sum(budgets)
    above = min(level + 1, len(sizes) - 1)
    step, boundary = sizes[above] - sizes[level], 0
    while step > 0 and boundary < len(budgets) and left >= step:
        if places[boundary][0] <= above <= places[boundary][1] and budgets[boundary] == sizes[level]:
            budgets[boundary] = sizes[above]
            left -= step
        boundary += 1
    if left:
        _settle(sizes, places, budgets, left, boundary, total / len(budgets))
    return budgets


def _settle(
    sizes: list[int], places: list[tuple[int, int]], budgets: list[int], left: int, boundary: int, mean: float
) -> None:
    """Irregular sizes: changes a few prompts at the boundary, so that the total fits and all stay near the mean."""
    count, unit = len(budgets), 0
    for low, high in zip(sizes, sizes[1:]):
        unit = math.gcd(unit, high - low)
    unit = unit or 1
    if left % unit:
        raise RequestError(f"no budgets of the group sizes {sizes} add up to the total")
    target, span = left // unit, (sizes[-1] - sizes[0]) // unit
    near = list(range(max(0, boundary - 16), min(count, boundary + 16)))
    rows_max, slack = 32, 2 * span
    while True:
        ranks = _ranks(near, min(rows_max, count), count)
        choices = []
        for rank in ranks:
            here = (budgets[rank] - mean) ** 2
            low, high = places[rank]
            choices.append(
                [((size - budgets[rank]) // unit, here - (size - mean) ** 2, size) for size in sizes[low : high + 1]]
            )
        if rows_max > 32 and sum(map(len, choices)) * (abs(target) + 2 * slack + 1) > 5_000_000:
            break
        found = _best(choices, target, slack)
        if found:
            for rank, size in zip(ranks, found):
                budgets[rank] = size
            return
        if rows_max >= count and slack >= span * count:
            break
        rows_max, slack = min(count, rows_max * 4), min(span * count, slack * 4)
    raise RequestError(f"no budgets of the group sizes {sizes} add up to the total")


def _ranks(near: list[int], wanted: int, count: int) -> list[int]:
    chosen = set(near[:wanted])
    for index in range(wanted):
        if len(chosen) < wanted:
            chosen.add(index * count // wanted)
    index = 0
    while len(chosen) < wanted:
        chosen.add(index)
        index += 1
    return sorted(chosen)


def _best(choices: list[list[tuple[int, float, int]]], target: int, slack: int) -> list[int] | None:
    """One choice a row whose changes add up to the target and gain most; among equals most for the first rows."""
    low, high = min(target, 0) - slack, max(target, 0) + slack + 1
    best: dict[int, float] = {0: 0.0}
    picks: list[dict[int, tuple[int, int]]] = []
    for row in reversed(choices):
        following: dict[int, float] = {}
        picked: dict[int, tuple[int, int]] = {}
        for delta, gain, size in row:
            for before, value in best.items():
                after = before + delta
                if low <= after <= high and value + gain >= following.get(after, -math.inf):
                    following[after] = value + gain
                    picked[after] = (delta, size)
        best = following
        picks.append(picked)
    if target not in best:
        return None
    found = []
    for picked in reversed(picks):
        delta, size = picked[target]
        found.append(size)
        target -= delta
    return found
