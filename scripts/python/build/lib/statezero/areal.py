"""StateZero in AReaL: prompts chosen out of a larger pool, for groups of equal size, and their rewards reported.

    trainer.train_dataloader = ChosenPrompts(trainer.train_dataloader, client, "my-run", size, question)
    trainer.train(workflow=Reporting(workflow, client, "my-run", size), ...)

`size` is `gconfig.n_samples`, `question` gives the prompt's text or chat messages of a row. Groups of unequal sizes are
not offered: areal 1.0.4 normalises rewards by slices of a fixed size, whatever groups there are.
"""

from __future__ import annotations

import asyncio
import collections.abc
import threading
import typing

from areal.api import RolloutWorkflow

from .client import Client, RequestError

Row = dict[str, typing.Any]
KEY = "statezero"  # of a row: what its outcome is reported with; the workflow inside does not see it


class ChosenPrompts:
    """A data loader for `prepare_batch`: each batch is chosen out of `pool` batches of the loader inside."""

    def __init__(
        self,
        inner: typing.Any,
        client: Client,
        run: str,
        size: int,
        question: collections.abc.Callable[[Row], typing.Any],
        *,
        pool: int = 4,
        reward_low: float = 0.0,
        reward_high: float = 1.0,
        **options: typing.Any,
    ):
        """`options`: those of `Client.plan`. Raises where an epoch of the loader has fewer than `pool` batches."""
        if not 1 <= pool <= len(inner):
            raise RequestError(f"pool is {pool}, and an epoch has {len(inner)} batches", param="pool")
        self._inner, self._client, self._run, self._size, self._question = inner, client, run, size, question
        self._pool, self._step, self._group = pool, 0, 0
        self._options = {"reward_low": reward_low, "reward_high": reward_high, **options}
        self.batch_size: int = inner.batch_size
        self.last_choice: typing.Any = None

    def __len__(self) -> int:
        return len(self._inner) // self._pool

    @property
    def sampler(self) -> typing.Any:
        return self._inner.sampler

    def __iter__(self) -> collections.abc.Iterator[list[Row]]:
        rows: list[Row] = []
        for number, batch in enumerate(self._inner, 1):
            rows += batch
            if number % self._pool == 0:
                yield self._chosen(rows)
                rows = []

    def _chosen(self, rows: list[Row]) -> list[Row]:
        asked = [{"prompt_id": row.get("prompt_id"), "prompt": self._question(row)} for row in rows]
        choice = self._client.choose(
            self._run, asked, self.batch_size, self._size, self._step, duplicates="merge", **self._options
        )
        self.last_choice = choice
        chosen = []
        for place, name in zip(choice.indices, choice.ids):
            self._group += 1
            about = {"prompt_id": name, "prompt": asked[place]["prompt"], "step": choice.outcome_step}
            chosen.append({**rows[place], KEY: {**about, "policy_version": self._step, "group": self._group}})
        self._step += 1
        return chosen

    def state_dict(self) -> Row:
        return {"inner": self._inner.state_dict(), "step": self._step, "group": self._group}

    def load_state_dict(self, state: Row) -> None:
        self._inner.load_state_dict(state["inner"])
        self._step, self._group = state["step"], state["group"]


class Reporting(RolloutWorkflow):  # type: ignore[misc, unused-ignore]
    """A workflow around yours. When the `size` episodes of a group have ended, their rewards are reported; one that
    gave nothing, or failed, counts as a failed rollout. Yours must give tensors with `rewards`."""

    def __init__(self, inner: RolloutWorkflow, client: Client, run: str, size: int):
        self._inner, self._client, self._run, self._size = inner, client, run, size
        self._lock = threading.Lock()
        self._rewards: dict[int, list[float | None]] = {}  # by group

    async def arun_episode(self, engine: typing.Any, data: Row) -> Row | None:
        """The episode of the workflow inside, whose row has no key of ours. Rows of other loaders pass through."""
        about = data.get(KEY)
        if about is None:
            return await self._inner.arun_episode(engine, data)  # type: ignore[no-any-return, unused-ignore]
        reward: float | None = None
        try:
            result = await self._inner.arun_episode(engine, {key: value for key, value in data.items() if key != KEY})
            if result is not None:
                reward = self._reward(result)
        finally:
            await self._ended(about, reward)
        return result  # type: ignore[no-any-return, unused-ignore]

    @staticmethod
    def _reward(result: Row) -> float:
        if "rewards" not in result:
            raise RequestError(f"the workflow gave {sorted(result)}, and no rewards", param="rewards")
        return float(result["rewards"].sum())

    async def _ended(self, about: Row, reward: float | None) -> None:
        with self._lock:
            rewards = self._rewards.setdefault(about["group"], [])
            rewards.append(reward)
            if len(rewards) < self._size:
                return
            del self._rewards[about["group"]]
        outcome = {key: value for key, value in about.items() if key != "group"}
        await asyncio.to_thread(self._client.report, self._run, [{**outcome, "rewards": rewards}])
