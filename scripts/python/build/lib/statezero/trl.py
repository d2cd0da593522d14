"""StateZero in TRL's GRPOTrainer: prompts chosen for equal groups, or groups of unequal sizes.

    class Trainer(ChoosePrompts, GRPOTrainer): pass         # or UnequalGroups
    trainer = Trainer(...)                                  # with the arguments that you have
    trainer.statezero = Settings(Client("http://127.0.0.1:8080"), "my-run")

Batch sizes, rewards and the training set stay as they are. Plans are requested inside the step, by one process, so that
no data loader that reads ahead can make them stale.
"""

from __future__ import annotations

import dataclasses
import random
import typing

import torch
from accelerate.utils import broadcast_object_list, gather_object
from trl.trainer.utils import nanstd

from .client import Client, prompt_id, prompt_text

Rows = list[dict[str, typing.Any]]


@dataclasses.dataclass
class Settings:
    """What a trainer asks for. `options` are those of `Client.plan`, such as `objective` and `explore`."""

    client: Client
    run: str
    id_column: str = "prompt_id"  # without it, an id is a digest of the prompt
    reward_low: float = 0.0  # of the weighted sum of all reward functions
    reward_high: float = 1.0
    pool: int = 4  # ChoosePrompts: prompts of the training set for each one of the batch
    seed: int = 0
    n_min: int | None = None  # UnequalGroups: sizes of groups; None is as the preset of `Client.plan` says
    n_max: int | None = None
    options: dict[str, typing.Any] = dataclasses.field(default_factory=dict)

    def key(self, row: dict[str, typing.Any]) -> str:
        """The id of a row's prompt."""
        return prompt_id(row.get(self.id_column), row["prompt"])

    def item(self, row: dict[str, typing.Any]) -> dict[str, typing.Any]:
        """The row as an item of a plan."""
        return {"prompt_id": self.key(row), "prompt": prompt_text(row["prompt"])}

    @property
    def range(self) -> dict[str, typing.Any]:
        """The range of rewards, as options of a plan."""
        return {"reward_low": self.reward_low, "reward_high": self.reward_high}


class _Planned:
    """What both ways share: the step, one process that asks, and the rewards."""

    statezero: Settings | None = None
    last_plan: typing.Any = None  # of the main process
    last_report: typing.Any = None
    _plan_step = -1

    # Attributes of GRPOTrainer
    accelerator: typing.Any
    model: typing.Any
    state: typing.Any

    def _is_planned(self) -> bool:
        return self.statezero is not None and self.model.training

    def _next_step(self) -> int:
        self._plan_step = max(self._plan_step + 1, self.state.global_step)
        return self._plan_step

    def _shared(self, make: typing.Callable[[], typing.Any]) -> typing.Any:
        """The main process's answer, in all processes."""
        answer = [make() if self.accelerator.is_main_process else None]
        if self.accelerator.num_processes > 1:
            broadcast_object_list(answer)
        return answer[0]

    def _calculate_rewards(self, *arguments: typing.Any, **options: typing.Any) -> torch.Tensor:
        calculate = super()._calculate_rewards  # type: ignore[misc]
        self._rewards_per_func: torch.Tensor = calculate(*arguments, **options)  # of all processes, in order
        return self._rewards_per_func

    def _total_rewards(self) -> torch.Tensor:
        """The weighted sum for each rollout; not a number where every reward function gave None."""
        each = self._rewards_per_func
        total = (each * self.reward_weights.to(each.device).unsqueeze(0)).nansum(dim=1)  # type: ignore[attr-defined]
        total[torch.isnan(each).all(dim=1)] = torch.nan
        return total

    def _tell(self, keys: list[str], step: int | None) -> None:
        """Reports the rewards of groups; `keys` names the prompt of each rollout."""
        settings = self.statezero
        if settings is None or not self.accelerator.is_main_process:
            return
        groups: dict[str, list[float]] = {}
        for key, reward in zip(keys, self._total_rewards().tolist(), strict=True):
            groups.setdefault(key, []).append(reward)
        outcomes = [
            {"prompt_id": key, "step": step, "policy_version": self._plan_step, "rewards": rewards}
            for key, rewards in groups.items()
        ]
        self.last_report = settings.client.report(settings.run, outcomes, **settings.range)

    def _note(self, name: str, value: float) -> None:
        self._metrics["train"][f"statezero/{name}"].append(value)  # type: ignore[attr-defined]


class ChoosePrompts(_Planned):
    """Equal groups of prompts that StateZero chooses: each batch out of `pool` times as many prompts, drawn anew from
    the training set. No advantage is touched. The prompts of the data loader are not used."""

    def _generate_and_score_completions(self, inputs: Rows) -> typing.Any:
        generate = super()._generate_and_score_completions  # type: ignore[misc]
        if not self._is_planned():
            return generate(inputs)
        size: int = self.num_generations  # type: ignore[attr-defined]
        local, rank = len(inputs), self.accelerator.process_index
        wanted = local * self.accelerator.num_processes // size
        step = self._next_step()
        indices, outcome_step, is_random = self._shared(lambda: self._choose(step, wanted, size))
        data = self.train_dataset  # type: ignore[attr-defined]
        rows = [data[index] for index in indices for _ in range(size)]
        columns = inputs[0].keys()
        mine = [{name: row[name] for name in columns} for row in rows[rank * local : (rank + 1) * local]]
        output = generate(mine)
        self._note("random_choice", float(is_random))
        self._tell([self.statezero.key(row) for row in rows], outcome_step)  # type: ignore[union-attr]
        return output

    def _choose(self, step: int, wanted: int, size: int) -> tuple[list[int], int | None, bool]:
        settings: Settings = self.statezero  # type: ignore[assignment]
        data = self.train_dataset  # type: ignore[attr-defined]
        drawn = random.Random(f"{settings.seed}/{step}").sample(
            range(len(data)), min(len(data), wanted * settings.pool)
        )
        choice = settings.client.choose(
            settings.run,
            [settings.item(data[index]) for index in drawn],
            wanted,
            size,
            step,
            seed=settings.seed,
            duplicates="merge",
            **settings.range,
            **settings.options,
        )
        self.last_plan = choice.plan
        return [drawn[index] for index in choice.indices], choice.outcome_step, choice.random


class UnequalGroups(_Planned):
    """Groups of the sizes of a plan. A batch keeps its size and its prompts; only how often each prompt is in it
    changes. Advantages are computed again, by group, as GRPOTrainer does for equal groups."""

    _group: list[str] | None = None  # the prompt of each rollout of all processes, while a batch is made

    def _generate_and_score_completions(self, inputs: Rows) -> typing.Any:
        generate = super()._generate_and_score_completions  # type: ignore[misc]
        if not self._is_planned():
            return generate(inputs)
        step = self._next_step()
        rows, self._group = self._planned(inputs, step)
        try:
            output = generate(rows)
            advantages, is_silent = self._advantages(self._group)
            self._tell(self._group, step)
        finally:
            self._group = None
        first = self.accelerator.process_index * len(rows)
        output["advantages"] = advantages[first : first + len(rows)]
        # In place of what the base class has logged of its own, wrong, groups.
        self._metrics["train"]["frac_reward_zero_std"][-1] = is_silent.float().mean().item()  # type: ignore[attr-defined]
        logged = self._logs["advantages"]  # type: ignore[attr-defined]
        for _ in range(min(len(logged), len(advantages))):
            logged.pop()
        logged.extend(advantages.tolist())
        return output

    def _planned(self, inputs: Rows, step: int) -> tuple[Rows, list[str]]:
        """This process's rows, as often as the plan says, and the prompt of each row of all processes."""
        settings: Settings = self.statezero  # type: ignore[assignment]
        everyone = gather_object(inputs) if self.accelerator.num_processes > 1 else inputs
        unique: dict[str, dict[str, typing.Any]] = {}
        for row in everyone:
            unique.setdefault(settings.key(row), row)

        def budgets() -> tuple[dict[str, int], bool]:
            plan = self.last_plan = settings.client.plan(
                settings.run,
                step,
                len(everyone),
                [settings.item(row) for row in unique.values()],
                n_min=settings.n_min,
                # Few prompts that occur often need larger groups, or the batch would not be full.
                n_max=None if settings.n_max is None else max(settings.n_max, -(-len(everyone) // len(unique))),
                exact=True,
                **settings.range,
                **settings.options,
            )
            return dict(plan.n), plan.fallback

        n, is_fallback = self._shared(budgets)
        self._note("fallback", float(is_fallback))
        expanded = [key for key in unique for _ in range(n[key])]
        first = self.accelerator.process_index * len(inputs)
        return [dict(unique[key]) for key in expanded[first : first + len(inputs)]], expanded

    def _generate_single_turn(
        self,
        prompt_ids: typing.Any,
        images: typing.Any,
        multimodal_fields: typing.Any,
        num_generations: int,
        *arguments: typing.Any,
        **options: typing.Any,
    ) -> typing.Any:
        if self._group is not None:
            num_generations = 1  # vLLM would roll out every num_generations-th prompt for those in between
        generate = super()._generate_single_turn  # type: ignore[misc]
        return generate(prompt_ids, images, multimodal_fields, num_generations, *arguments, **options)

    def _advantages(self, group: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Advantages of all rollouts, and which are of groups without a deviation."""
        numbers: dict[str, int] = {}
        device = self._rewards_per_func.device
        index = torch.tensor([numbers.setdefault(key, len(numbers)) for key in group], device=device)
        total = self._total_rewards()
        if self.multi_objective_aggregation == "normalize_then_sum":  # type: ignore[attr-defined]
            scaled = []
            for values in self._rewards_per_func.unbind(1):
                centred, deviation = _by_group(values, index, len(numbers))
                scaled.append(centred / (deviation + 1e-4))
            weights = self.reward_weights.to(device).unsqueeze(0)  # type: ignore[attr-defined]
            summed = (torch.stack(scaled, 1) * weights).nansum(dim=1)
            summed[torch.isnan(total)] = torch.nan
            deviation = nanstd(summed).expand_as(summed)
            advantages = (summed - torch.nanmean(summed)) / (deviation + 1e-4)
        else:
            advantages, deviation = _by_group(total, index, len(numbers))
            scale = self.scale_rewards  # type: ignore[attr-defined]
            if scale == "batch":
                deviation = nanstd(total).expand_as(total)
            if scale != "none":
                advantages = advantages / (deviation + 1e-4)
        is_silent = torch.isclose(deviation, torch.zeros_like(deviation))
        return torch.nan_to_num(advantages, nan=0.0), is_silent


def _by_group(values: torch.Tensor, index: torch.Tensor, groups: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Values less the mean of their group, and the deviation of their group; what is not a number counts in neither."""
    centred, deviation = torch.zeros_like(values), torch.zeros_like(values)
    for group in range(groups):
        rows = index == group
        centred[rows] = values[rows] - torch.nanmean(values[rows])
        deviation[rows] = nanstd(values[rows]) if int(rows.sum()) > 1 else 0.0
    return centred, deviation
