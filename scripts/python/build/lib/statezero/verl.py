"""Plans of StateZero in verl's v1 trainer, without a change to verl. On its command line:

    actor_rollout_ref.rollout.agent.agent_loop_manager_class=statezero.verl.Manager
    +statezero.url=http://127.0.0.1:8080 +statezero.run=my-run

The manager gives each prompt of a training batch its `__rollout_n__`, before it goes to the workers; a batch has as
many rollouts as before. Workers report each group's rewards. Validation is left alone. Further settings under
`statezero`: timeout (5), n_min, n_max, reward_low (0), reward_high (1), resume (False; True: the trainer may go on at a
checkpoint, as for `Client`), and `options` of `Client.plan`, whose preset says what is not given.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import time
import typing

import ray
from omegaconf import open_dict
from tensordict import NonTensorData, NonTensorStack
from verl.trainer.ppo.v1.agent_loop_tq import AgentLoopManagerTQ, AgentLoopWorkerTQ

from .client import Client, prompt_text

log = logging.getLogger("statezero")
# Columns of a batch: verl's own, which sets a prompt's number of rollouts; and the prompt's id and step.
ROLLOUTS, PLANNED = "__rollout_n__", "__statezero__"


def _client(settings: typing.Any) -> Client:
    return Client(settings.url, timeout=settings.get("timeout", 5.0), resume=settings.get("resume", False))


def _range(settings: typing.Any) -> dict[str, typing.Any]:
    return {"reward_low": settings.get("reward_low", 0.0), "reward_high": settings.get("reward_high", 1.0)}


def _value(batch: typing.Any, key: str, row: int) -> typing.Any:
    column = batch.get(key, None)
    if column is None or isinstance(column, NonTensorData):
        return getattr(column, "data", None)
    return column[row].data if isinstance(column, NonTensorStack) else column[row]


class Worker(AgentLoopWorkerTQ.__ray_metadata__.modified_class):
    """Keeps the rewards of a prompt's rollouts until its group is done, then reports them."""

    def __init__(self, config: typing.Any, *arguments: typing.Any, **options: typing.Any):
        super().__init__(config, *arguments, **options)
        self._settings = config.statezero
        self._client = _client(self._settings)
        self._rewards: dict[str, list[float]] = collections.defaultdict(list)  # by uid

    async def _agent_loop_postprocess(self, output: typing.Any, validate: bool, **fields: typing.Any) -> None:
        await super()._agent_loop_postprocess(output, validate, **fields)
        outputs = output if isinstance(output, list) else [output]
        if not validate and outputs and outputs[-1].reward_score is not None:
            self._rewards[fields["uid"]].append(float(outputs[-1].reward_score))

    async def _run_prompt(
        self, prompt: dict[str, typing.Any], sampling_params: typing.Any, trajectory: typing.Any, trace: bool = False
    ) -> None:
        planned, n = prompt.pop(PLANNED, None), prompt.get(ROLLOUTS)
        await super()._run_prompt(prompt, sampling_params, trajectory=trajectory, trace=trace)
        if planned is None:
            return
        rewards = self._rewards.pop(prompt["uid"], [])
        name, step = planned
        outcome = {"prompt_id": name, "step": step, "rewards": rewards, "failed": int(n or 0) - len(rewards)}
        try:
            run, limits = self._settings.run, _range(self._settings)
            await asyncio.to_thread(self._client.report, run, [outcome], **limits)
        except Exception:
            # The group is trained all the same; only its outcome is missing.
            log.exception("the outcome of prompt %s is not reported", name)


class Manager(AgentLoopManagerTQ):
    """Plans each training batch before its prompts go to the workers."""

    def __init__(self, config: typing.Any, *arguments: typing.Any, **options: typing.Any):
        if config.statezero.get("resume", False) is True:
            # The manager and its workers are one attempt.
            with open_dict(config):
                config.statezero.resume = time.time_ns() // 1_000_000
        super().__init__(config, *arguments, **options)
        self.agent_loop_workers_class = ray.remote(Worker)
        self._settings = config.statezero
        self._client = _client(self._settings)
        self._step = -1
        self.last_plan: typing.Any = None

    def generate_sequences(self, prompts: typing.Any) -> None:
        """As verl's: sends the prompts to the workers."""
        if "validate" not in prompts:
            self._plan(prompts)
        super().generate_sequences(prompts)

    def _plan(self, prompts: typing.Any) -> None:
        settings, rows = self._settings, range(len(prompts))
        # verl draws uids anew for each batch; the source and the index of a row are stable.
        ids = [f"{_value(prompts, 'data_source', row)}/{_value(prompts, 'index', row)}" for row in rows]
        texts = [prompt_text(_value(prompts, "raw_prompt", row)) for row in rows]
        self._step = max(self._step + 1, int(_value(prompts, "global_steps", 0) or 0))
        total, widest = len(prompts) * self.rollout_config.n, settings.get("n_max", None)
        plan = self.last_plan = self._client.plan(
            settings.run,
            self._step,
            total,
            [{"prompt_id": name, "prompt": text} for name, text in zip(ids, texts, strict=True)],
            n_min=settings.get("n_min", None),
            n_max=max(widest, self.rollout_config.n) if widest is not None else None,
            exact=True,
            **_range(settings),
            **dict(settings.get("options", {})),
        )
        log.info("%r", plan)
        prompts[ROLLOUTS] = NonTensorStack.from_list([NonTensorData(plan.n[name]) for name in ids])
        prompts[PLANNED] = NonTensorStack.from_list([NonTensorData((name, self._step)) for name in ids])
