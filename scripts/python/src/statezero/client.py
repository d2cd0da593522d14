"""Budgets of rollouts from a StateZero coordinator, for trainers. One file, standard library only, Python 3.9 or later.

    client = Client("http://127.0.0.1:8080", timeout=5.0)
    plan = client.plan("llm-a", step=12, total=8192, items=[{"prompt_id": "a", "prompt": "What is 17 + 25?"}, ...])
    for row in expand(plan, rows): ...                      # as many rows a prompt as its budget, with a group's uid
    client.report("llm-a", [{"prompt_id": "a", "step": 12, "rewards": [1, 0, 0, 1]}, ...])

Fails open: at the timeout, without a coordinator, or where the coordinator fails, `plan` gives even budgets, marked
by `plan.fallback` with the reason, and training goes on; `strict=True` raises instead. An invalid
request always raises (`RequestError`). No call takes longer than its timeout. Undelivered outcomes are kept, and sent
with the next call; each has an event id, so that none counts twice.

Request a plan on one rank and broadcast it: another rank's request might come a moment later, and fall back alone.
"""

import collections
import contextlib
import hashlib
import http.client
import json
import math
import os
import socket
import threading
import time
import urllib.parse
import uuid

__all__ = [
    "Client",
    "Plan",
    "Report",
    "Groups",
    "StateZeroError",
    "RequestError",
    "Unavailable",
    "DeadlineExceeded",
    "expand",
    "uniform_budgets",
]

# As PlanLimits of the coordinator; a test compares them.
ROLLOUTS_MAX = 1024  # of one prompt
DEADLINE_MS_MAX = 3_600_000


class StateZeroError(Exception):
    """The base of all errors of this client."""


class RequestError(StateZeroError, ValueError):
    """The request is invalid; the same request would fail again."""

    def __init__(self, message, status=None, code=None, param=None):
        super().__init__(message)
        self.status, self.code, self.param = status, code, param


class Unavailable(StateZeroError):
    """There is no coordinator, or it failed."""

    reason = "no_coordinator"


class DeadlineExceeded(Unavailable):
    """There was no answer in time."""

    reason = "deadline"


class Plan:
    """Budgets of a step. `n[prompt_id]` is a prompt's number of rollouts; `items` has the same with what is known."""

    def __init__(self, body, fallback=False, reason=None):
        self.body = body
        self.policy_id, self.step = body["policy_id"], body["step"]
        self.items = body["items"]
        self.n = {item["prompt_id"]: item["n"] for item in self.items}
        self.total = body["total"]
        self.status = body["status"]
        self.plan_id = body.get("plan_id")
        self.warnings = body.get("warnings", [])
        self.fallback = fallback or self.status == "fallback"
        self.reason = reason or body.get("uniform_reason")

    def __repr__(self):
        why = f" because of {self.reason}" if self.fallback else ""
        return (
            f"<plan {self.policy_id}/{self.step}: {self.total} rollouts over {len(self.items)} prompts, "
            f"{self.status}{why}>"
        )


class Report:
    """The result of a report: `delivered` is false where outcomes are kept for the next call."""

    def __init__(self, delivered, accepted=0, duplicates=0, rejected=(), decisions=(), reason=None):
        self.delivered, self.accepted, self.duplicates = delivered, accepted, duplicates
        self.rejected, self.decisions, self.reason = list(rejected), list(decisions), reason

    def __repr__(self):
        late = "" if self.delivered else ", not delivered"
        counts = f"{self.accepted} accepted, {self.duplicates} duplicates, {len(self.rejected)} rejected"
        return f"<report: {counts}{late}>"


class Groups:
    """Groups of a plan that are done; `after` is what to ask with next, `plan` the plan once it is whole."""

    def __init__(self, groups, after, plan=None):
        self.groups, self.after, self.plan = groups, after, plan

    def __iter__(self):
        return iter(self.groups)


class Client:
    """A client of one coordinator. May be used from several threads."""

    def __init__(
        self, url="http://127.0.0.1:8080", timeout=5.0, strict=False, shadow=False, retries=2, spool=None, keep=65536
    ):
        """`timeout`: seconds a call takes at most. `shadow`: plans are made and logged, even budgets handed out.
        `retries`: tries beyond the first, inside the timeout. `spool`: a file that keeps undelivered outcomes, so that
        they outlive this process; `keep`: how many are kept, the oldest are dropped first (`dropped` counts them)."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise RequestError(f"the coordinator's url must be http://HOST:PORT, not {url!r}")
        self._host, self._port = parts.hostname, parts.port or 80
        self.timeout, self.strict, self.shadow, self.retries = float(timeout), strict, shadow, retries
        self.dropped = 0
        self.fallbacks = 0
        self._keep, self._spool = keep, spool
        self._lock = threading.Lock()
        self._pending = collections.deque()
        if spool and os.path.exists(spool):
            with open(spool, encoding="utf-8") as lines:
                self._store([json.loads(line) for line in lines if line.endswith("\n")])

    # Plans

    def plan(self, policy_id, step, total, items, outcomes=None, deadline=None, **options):
        """Budgets for a step's prompts that add up to `total`.

        `items`: dicts with `prompt_id` and `prompt` (and `n_min`, `n_max`, `covariates`, `references` of their own),
        or (prompt_id, prompt) pairs. `covariates` are numbers and texts by name; `references` are outcomes of other
        policies on the prompt by name: a rate, or {"k", "n"}. The option `references` names policies whose outcomes
        were reported.
        `outcomes` of earlier steps are reported first. `options` are those of `POST /v1/plans`: n_min (4), n_max (32),
        multiple_of, group_sizes, objective, explore, context, references, ... The same request gives the same plan;
        another one for the same step raises (409). `deadline`: seconds for predictions, by default most of the
        timeout.
        """
        end = time.monotonic() + self.timeout
        body = {"policy_id": policy_id, "step": step, "total": total, "items": [_item(item) for item in items]}
        body.update((key, value) for key, value in options.items() if value is not None)
        if self.shadow:
            body["mode"] = "shadow"
        if outcomes:
            ranges = {key: body[key] for key in ("reward_low", "reward_high") if key in body}
            self._store([_event(policy_id, outcome, ranges) for outcome in outcomes])
        with contextlib.suppress(Unavailable):
            # Outcomes go first, but leave half of the time for the plan.
            self._deliver(time.monotonic() + self.timeout / 2)
        left = end - time.monotonic()
        seconds = min(deadline if deadline is not None else left, max(0.001, left - min(0.5, left / 4)))
        body["deadline_ms"] = max(1, min(DEADLINE_MS_MAX, int(1000 * seconds)))
        try:
            answer = self._ask("POST", "/v1/plans", body, end)
            return Plan(_checked(answer, body))
        except Unavailable as error:
            if self.strict:
                raise
            self.fallbacks += 1
            return _uniform_plan(body, error.reason, str(error))

    def groups(self, policy_id, step, after=0, wait=30.0):
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
        return Groups(answer["groups"], answer["groups_after"], Plan(answer["plan"]) if answer["plan"] else None)

    # Outcomes and scores

    def report(self, policy_id, outcomes, reward_low=None, reward_high=None):
        """Reports outcomes of groups: dicts with `prompt_id` and `rewards` (or `mean` and `n`), and `step`, `failed`,
        `prompt`, `policy_version` where they are known. What cannot be delivered now is kept, unless the coordinator
        refuses it; one that is rejected for itself is in the answer's `rejected`.
        """
        ranges = {"reward_low": reward_low, "reward_high": reward_high}
        ranges = {key: value for key, value in ranges.items() if value is not None}
        self._store([_event(policy_id, outcome, ranges) for outcome in outcomes])
        try:
            return self._deliver(time.monotonic() + self.timeout)
        except Unavailable as error:
            if self.strict:
                raise
            return Report(False, reason=error.reason)

    @property
    def pending(self):
        """The number of outcomes that wait for delivery."""
        with self._lock:
            return len(self._pending)

    def score(self, policy_id, prompts, context_set=None, context=None, policy_version=None):
        """Success probabilities of texts, as dicts with `p`, `kappa`, `p_lo`, `p_hi`; raises without a coordinator, for
        there is no even prediction to fall back on. `context_set`: dicts with `prompt`, `reward` and `n`; without one
        it is
        drawn from the policy's history."""
        body = {"policy_id": policy_id, "items": [{"prompt": prompt} for prompt in prompts]}
        for key, value in (("context_set", context_set), ("context", context), ("policy_version", policy_version)):
            if value is not None:
                body[key] = value
        end = time.monotonic() + self.timeout
        body["deadline_ms"] = max(1, min(DEADLINE_MS_MAX, int(900 * self.timeout)))
        return self._ask("POST", "/v1/score", body, end)["items"]

    # Outcomes: storing and delivering

    def _store(self, events):
        with self._lock:
            self._pending.extend(events)
            while len(self._pending) > self._keep:
                self._pending.popleft()
                self.dropped += 1
            self._save()

    def _save(self):
        if not self._spool:
            return
        partial = self._spool + ".partial"
        with open(partial, "w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(event) + "\n" for event in self._pending)
            lines.flush()
            os.fsync(lines.fileno())
        os.replace(partial, self._spool)

    def _deliver(self, end):
        """Tells what is kept, a policy and range of rewards at a time. Forgets what was answered, refused or not."""
        report = Report(True)
        while True:
            with self._lock:
                if not self._pending:
                    return report
                head = self._pending[0]
                events = [event for event in self._pending if event["to"] == head["to"]][:4096]
            body = dict(head["to"], outcomes=[event["outcome"] for event in events])
            answered = True
            try:
                answer = self._ask("POST", "/v1/outcomes", body, end)
            except Unavailable:
                answered = False
                raise
            finally:
                if answered:
                    delivered = {event["outcome"]["event_id"] for event in events}
                    with self._lock:
                        kept = [event for event in self._pending if event["outcome"]["event_id"] not in delivered]
                        self._pending = collections.deque(kept)
                        self._save()
            report.accepted += answer["accepted"]
            report.duplicates += answer["duplicates"]
            report.rejected += answer["rejected"]
            report.decisions += answer["decisions"]

    # HTTP

    def _ask(self, method, path, body, end):
        """The answer's JSON. Retries what may succeed later, within the time."""
        data = None if body is None else json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
        for attempt in range(self.retries + 1):
            pause = 0.1 * 2**attempt
            try:
                status, headers, answer = self._once(method, path, data, end)
            except DeadlineExceeded:
                raise
            except (OSError, http.client.HTTPException) as error:
                failure = Unavailable(f"no coordinator at http://{self._host}:{self._port}: {error}")
            else:
                try:
                    parsed = json.loads(answer)
                    error = {} if status == 200 else parsed["error"]
                except (ValueError, KeyError, TypeError):
                    parsed, error = None, {}
                if status == 200 and isinstance(parsed, dict):
                    return parsed
                message = "{} {}: {} {}".format(method, path, status, error.get("message", "without a reason"))
                if 400 <= status < 500 and status not in (408, 429):
                    raise RequestError(message, status, error.get("code"), error.get("param"))
                if status == 504:
                    raise DeadlineExceeded(message)
                failure = Unavailable(message)
                with contextlib.suppress(ValueError):
                    pause = max(pause, float(headers.get("Retry-After", 0)))
            if attempt == self.retries or time.monotonic() + pause >= end:
                raise failure
            time.sleep(pause)
        return None

    def _once(self, method, path, data, end):
        """One request. A thread of its own makes it, so that no name server and no slow drip outlasts the time."""
        seconds = end - time.monotonic()
        if seconds <= 0:
            raise DeadlineExceeded(f"no time is left for {method} {path}")
        connection = http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        outcome = []

        def work():
            try:
                headers = {"Connection": "close", "Accept": "application/json"}
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
        if isinstance(outcome[0], socket.timeout):
            raise DeadlineExceeded(f"{method} {path}: no answer within {seconds:.1f} s")
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]


def expand(plan, rows, key="prompt_id"):
    """Each row as often as its prompt's budget says, as dicts with `uid` (equal within a group, and in no other),
    `rollout_index` and `group_size`: no consumer has to infer groups by reshaping. Rows of prompts without a budget are
    left out; a row of a prompt that the plan does not have raises."""
    expanded = []
    for row in rows:
        row = dict(row)
        if row[key] not in plan.n:
            raise RequestError(f"{key} {row[key]!r} is not in {plan!r}")
        size = plan.n[row[key]]
        uid = f"{plan.policy_id}/{plan.step}/{row[key]}"
        expanded.extend(dict(row, uid=uid, rollout_index=index, group_size=size) for index in range(size))
    return expanded


def _item(item):
    if isinstance(item, dict):
        return item
    prompt_id, prompt = item
    return {"prompt_id": prompt_id, "prompt": prompt}


def _event(policy_id, outcome, ranges):
    outcome = dict(outcome)
    outcome.setdefault("event_id", uuid.uuid4().hex)
    if "rewards" in outcome:
        outcome["rewards"] = [float(reward) for reward in outcome["rewards"]]
        if not all(math.isfinite(reward) for reward in outcome["rewards"]):
            raise RequestError("prompt {!r} has a reward that is not a number".format(outcome.get("prompt_id")))
    return {"to": dict(ranges, policy_id=policy_id), "outcome": outcome}


def _checked(answer, body):
    """The plan, if it is whole and for what was asked; else it is no plan."""
    try:
        asked = [item["prompt_id"] for item in body["items"]]
        n = [item["n"] for item in answer["items"]]
        digest = hashlib.sha256(b"".join(number.to_bytes(4, "little") for number in n)).hexdigest()
        is_whole = (
            [item["prompt_id"] for item in answer["items"]] == asked
            and sum(n) == answer["total"]
            and answer["total"] + answer["surplus"] == body["total"]
            and digest == answer["digest"]
        )
    except (KeyError, TypeError, AttributeError, OverflowError):
        is_whole = False
    if not is_whole:
        raise Unavailable("the answer is not a whole plan for this request")
    return answer


# The uniform plan, budget for budget as the coordinator would give it


def _uniform_plan(body, reason, message):
    n = uniform_budgets(
        body["items"],
        body["total"],
        n_min=body.get("n_min", 4),
        n_max=body.get("n_max"),
        multiple_of=body.get("multiple_of", 1),
        group_sizes=body.get("group_sizes"),
    )
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
            "surplus": body["total"] - sum(n),
            "plan_id": None,
            "uniform_reason": reason,
            "warnings": [message],
        },
        fallback=True,
        reason=reason,
    )


def uniform_budgets(items, total, n_min=4, n_max=None, multiple_of=1, group_sizes=None):
    """Even budgets in allowed sizes that add up to `total`, in the order of `items`; what does not suffice for all goes
    to the lowest prompt ids. Beyond what all can take it gives the most. Raises `RequestError` where there are none."""
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
    if total % multiple_of:
        raise RequestError(f"the total {total} is not a multiple of {multiple_of}")
    order = sorted(range(len(items)), key=lambda row: ids[row].encode())
    # By rank: places of the smallest and largest size of the prompt.
    places = []
    for row in order:
        floor, cap = items[row].get("n_min"), items[row].get("n_max")
        low = 0 if floor is None else next((i for i, size in enumerate(sizes) if size >= floor), len(sizes))
        high = len(sizes) - 1 if cap is None else max((i for i, size in enumerate(sizes) if size <= cap), default=-1)
        if low > high:
            raise RequestError(f"prompt {ids[row]!r}: no group size is between its n_min and n_max")
        places.append((low, high))
    least, most = sum(sizes[low] for low, _ in places), sum(sizes[high] for _, high in places)
    if total < least:
        raise RequestError(f"the total {total} is less than the minimum of all prompts, {least}")
    ranked = _level(sizes, places, min(total, most))
    budgets = [0] * len(items)
    for rank, row in enumerate(order):
        budgets[row] = ranked[rank]
    return budgets


def _level(sizes, places, total):
    """All are raised together, each between its own limits, then the first ranks by one size more."""

    def at(level):
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


def _settle(sizes, places, budgets, left, boundary, mean):
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


def _ranks(near, wanted, count):
    chosen = set(near[:wanted])
    for index in range(wanted):
        if len(chosen) < wanted:
            chosen.add(index * count // wanted)
    index = 0
    while len(chosen) < wanted:
        chosen.add(index)
        index += 1
    return sorted(chosen)


def _best(choices, target, slack):
    """One choice a row whose changes add up to the target and gain most; among equals most for the first rows."""
    low, high = min(target, 0) - slack, max(target, 0) + slack + 1
    best, picks = {0: 0.0}, []
    for row in reversed(choices):
        following, picked = {}, {}
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
