"""StateZero in the tinker cookbook: a data set whose batches are chosen, or whose groups have planned sizes.

    dataset = ChosenDataset(dataset, Client("http://127.0.0.1:8080"), "my-run", question)     # or BudgetedDataset

`question` gives the prompt's text of a group builder. Builders must be dataclasses with a field `num_envs`, as
ProblemGroupBuilder is. Rewards are reported group by group, from wherever the group is rolled out.
"""

from __future__ import annotations

import asyncio
import collections.abc
import dataclasses
import typing

from tinker_cookbook.rl.types import Env, EnvGroupBuilder, Metrics, RLDataset, Trajectory

from .client import Client, RequestError, prompt_id

Describe = collections.abc.Callable[[typing.Any], typing.Any]


class _PlannedDataset(RLDataset):
    """What both share: the data set inside, and how its prompts are named."""

    def __init__(
        self,
        inner: RLDataset,
        client: Client,
        run: str,
        question: Describe,
        reward_low: float = 0.0,
        reward_high: float = 1.0,
        **options: typing.Any,
    ):
        """`question`: the prompt of a builder, as text or chat messages. `options`: those of `Client.plan`."""
        self.inner, self.client, self.run, self.question = inner, client, run, question
        self.range: dict[str, typing.Any] = {"reward_low": reward_low, "reward_high": reward_high}
        self.options = options
        self.last_plan: typing.Any = None

    def _items(self, builders: list[typing.Any]) -> list[dict[str, typing.Any]]:
        prompts = [self.question(builder) for builder in builders]
        return [{"prompt_id": prompt_id(None, prompt), "prompt": prompt} for prompt in prompts]


class BudgetedDataset(_PlannedDataset):
    """The same prompts, in groups of the sizes of a plan (`n_min`, `n_max`); a batch has as many rollouts as before."""

    def __len__(self) -> int:
        return len(self.inner)

    def get_batch(self, index: int) -> list[EnvGroupBuilder]:
        """The batch's groups, each with `num_envs` of the plan; a prompt without rollouts is left out."""
        builders = list(self.inner.get_batch(index))
        items = self._items(builders)
        total = sum(builder.num_envs for builder in builders)
        plan = self.client.plan(self.run, index, total, items, **self.options, **self.range)
        self.last_plan = plan
        return [
            _Reporting(dataclasses.replace(builder, num_envs=plan.n[item["prompt_id"]]), self, item, index, index)
            for builder, item in zip(builders, items, strict=True)
            if plan.n[item["prompt_id"]]
        ]


class ChosenDataset(_PlannedDataset):
    """Equal groups of chosen prompts: a batch is chosen out of `pool` batches of the data set inside."""

    def __init__(self, *arguments: typing.Any, pool: int = 4, **options: typing.Any):
        super().__init__(*arguments, **options)
        self.pool = pool

    def __len__(self) -> int:
        return len(self.inner) // self.pool

    def get_batch(self, index: int) -> list[EnvGroupBuilder]:
        """As many groups as a batch of the data set inside has."""
        batches = [list(self.inner.get_batch(index * self.pool + place)) for place in range(self.pool)]
        builders = [builder for batch in batches for builder in batch]
        sizes = {builder.num_envs for builder in builders}
        if len(sizes) != 1:
            raise RequestError(f"groups of a batch must have one size, not {sorted(sizes)}")
        items = self._items(builders)
        choice = self.client.choose(
            self.run, items, len(batches[0]), sizes.pop(), index, duplicates="merge", **self.options, **self.range
        )
        self.last_plan = choice.plan
        return [_Reporting(builders[place], self, items[place], choice.outcome_step, index) for place in choice.indices]


class _Reporting(EnvGroupBuilder):
    """A builder that reports its group's rewards. It is pickled to where it is rolled out, so it holds no data set."""

    def __init__(
        self, inner: typing.Any, dataset: _PlannedDataset, item: dict[str, typing.Any], step: int | None, version: int
    ):
        self.inner, self.client, self.run, self.range = inner, dataset.client, dataset.run, dataset.range
        self.outcome = {**item, "step": step, "policy_version": version}
        self.num_envs: int = inner.num_envs

    async def make_envs(self) -> collections.abc.Sequence[Env]:
        return await self.inner.make_envs()  # type: ignore[no-any-return]

    async def compute_group_rewards(
        self, trajectory_group: list[Trajectory], env_group: collections.abc.Sequence[Env]
    ) -> list[tuple[float, Metrics]]:
        final = await self.inner.compute_group_rewards(trajectory_group, env_group)
        rewards = [
            sum(transition.reward for transition in trajectory.transitions) + reward
            for trajectory, (reward, _) in zip(trajectory_group, final, strict=True)
        ]
        outcome = {**self.outcome, "rewards": rewards, "failed": max(0, self.num_envs - len(rewards))}
        await asyncio.to_thread(self.client.report, self.run, [outcome], **self.range)
        return final  # type: ignore[no-any-return]

    async def cleanup(self) -> None:
        await self.inner.cleanup()

    def logging_tags(self) -> list[str]:
        return self.inner.logging_tags()  # type: ignore[no-any-return]
