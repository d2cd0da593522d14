"""StateZero in prime-rl: a sampler of its curriculum that chooses tasks. Group sizes stay those of the environment.

prime-rl can configure only its own two samplers, so this one is set where the orchestrator has made its train source:

    for env in train_source.envs:
        curriculum = train_source.curricula[env.name]
        curriculum.sampler = Sampler(list(env.tasks), Client("http://127.0.0.1:8080"), "my-run", env.config.group_size)

It keeps the sampler's contract: finished groups are observed, and its state is in prime-rl's checkpoints.
"""

from __future__ import annotations

import collections
import collections.abc
import random
import typing

from prime_rl.orchestrator.curriculum.samplers.base import TaskSampler

from .client import Client, RequestError

Tasks = collections.abc.Sequence[typing.Any]


def _prompt(task: typing.Any) -> typing.Any:
    return task.data.prompt


class Sampler(TaskSampler):
    """Chooses `choose` tasks at a time out of `pool` tasks drawn by seed, for equal groups of `group_size`."""

    def __init__(
        self,
        tasks: Tasks,
        client: Client,
        run: str,
        group_size: int,
        *,
        choose: int = 16,
        pool: int = 64,
        seed: int = 0,
        prompt: collections.abc.Callable[[typing.Any], typing.Any] = _prompt,
        reward_low: float = 0.0,
        reward_high: float = 1.0,
        **options: typing.Any,
    ):
        """`tasks`: a finite sequence with unique keys. `prompt` gives a task's text or chat messages. `options`: those
        of `Client.plan`."""
        self.tasks = {task.key: task for task in tasks}
        if len(self.tasks) != len(tasks) or not choose <= len(tasks):
            raise RequestError(f"there must be at least {choose} tasks, each with a key of its own")
        self.client, self.run, self.group_size = client, run, group_size
        self.choose, self.pool, self.prompt = choose, pool, prompt
        self.seed, self.options = seed, options
        self.range: dict[str, typing.Any] = {"reward_low": reward_low, "reward_high": reward_high}
        self.step = 0  # of the next choice
        self.queue: collections.deque[str] = collections.deque()  # keys of chosen tasks
        self.outcome_steps: dict[str, int | None] = {}  # of tasks whose groups are not finished
        self.last_choice: typing.Any = None

    def __next__(self) -> typing.Any:
        if not self.queue:
            self._choose()
        return self.tasks[self.queue.popleft()]

    def _choose(self) -> None:
        drawn = random.Random(f"{self.seed}/{self.step}").sample(list(self.tasks), min(self.pool, len(self.tasks)))
        choice = self.last_choice = self.client.choose(
            self.run,
            [{"prompt_id": str(key), "prompt": self.prompt(self.tasks[key])} for key in drawn],
            self.choose,
            self.group_size,
            self.step,
            seed=self.seed,
            **self.range,
            **self.options,
        )
        for index in choice.indices:
            self.queue.append(drawn[index])
            self.outcome_steps[drawn[index]] = choice.outcome_step
        self.step += 1

    def observe(self, group: list[typing.Any]) -> None:
        """Reports a finished group; episodes with an error count as failed."""
        traces = [trace for episode in group for trace in episode.traces if trace.agent.trainable]
        if not traces:
            return
        key = group[0].task.key
        rewards = [None if trace.has_error else trace.reward for trace in traces]
        outcome = {"prompt_id": str(key), "rewards": rewards, "step": self.outcome_steps.pop(key, None)}
        self.client.report(self.run, [outcome], **self.range)

    def state_dict(self) -> dict[str, typing.Any]:
        """The step, and tasks that are chosen and not handed out yet."""
        return {"step": self.step, "queue": list(self.queue), "outcome_steps": dict(self.outcome_steps)}

    def load_state_dict(self, state_dict: dict[str, typing.Any]) -> None:
        """Goes on after the tasks that were handed out."""
        self.step, self.queue = state_dict["step"], collections.deque(state_dict["queue"])
        self.outcome_steps = dict(state_dict["outcome_steps"])

    def metrics(self) -> dict[str, float]:
        """Fallbacks of the client, and whether the last choice was random."""
        is_random = self.last_choice is not None and self.last_choice.random
        return {"statezero/fallbacks": float(self.client.fallbacks), "statezero/random_choice": float(is_random)}
