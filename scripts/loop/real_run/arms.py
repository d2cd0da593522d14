"""The ways to choose prompts that are compared, each a class before TRL's GRPOTrainer.

`Counted` counts what every one of them generates: rollouts and tokens, also of groups that are discarded. `Drawn` and
its kinds take their prompts from one random order of the training set, or out of candidates that are the same for all
of them at the same step and seed. The two of StateZero are those of statezero.trl, unchanged.
"""

import random
import typing

import torch
from trl import GRPOTrainer

from statezero.trl import ChoosePrompts, Settings, UnequalGroups

Rows = list[dict[str, typing.Any]]
GENERATIONS_MAX = 10  # of a step with the filter, as in DAPO's own settings


class Counted:
    """Counts rollouts, tokens, groups and silent groups, and keeps the groups of each generation."""

    def begin_count(self) -> None:
        self.rollouts = self.prompt_tokens = self.completion_tokens = 0
        self.groups: list[dict[str, typing.Any]] = []

    def _calculate_rewards(self, inputs, prompts, completions, completion_ids_list):
        each = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        self.rollouts += len(inputs)
        self.completion_tokens += sum(map(len, completion_ids_list))
        counted = self.processing_class([row["prompt"] for row in inputs])["input_ids"]
        self.prompt_tokens += sum(map(len, counted))
        groups: dict[int, list[float]] = {}
        for row, reward in zip(inputs, each[:, 0].tolist(), strict=True):
            groups.setdefault(row["prompt_id"], []).append(reward)
        step = self.state.global_step
        self.latest = [{"step": step, "id": key, "n": len(r), "k": round(sum(r))} for key, r in groups.items()]
        self.groups += self.latest
        return each


class Drawn:
    """Prompts in a random order of the training set, which begins anew at its end."""

    seed = 0

    def _take(self, count: int) -> list[int]:
        self._order: list[int] = getattr(self, "_order", [])
        while len(self._order) < count:
            self._round = getattr(self, "_round", -1) + 1
            order = list(range(len(self.train_dataset)))
            random.Random(f"{self.seed}/order/{self._round}").shuffle(order)
            self._order += order
        taken, self._order = self._order[:count], self._order[count:]
        return taken

    def _rows(self, indices: list[int]) -> Rows:
        return [dict(self.train_dataset[index]) for index in indices for _ in range(self.num_generations)]

    def _generate_and_score_completions(self, inputs: Rows) -> dict[str, torch.Tensor]:
        return super()._generate_and_score_completions(self._rows(self._take(len(inputs) // self.num_generations)))


class Filtered(Drawn):
    """DAPO's dynamic sampling: groups without a signal are discarded, and further prompts rolled out, until a batch
    is full of groups with one. All of them have been paid for, also those left over of the last round."""

    def _generate_and_score_completions(self, inputs: Rows) -> dict[str, torch.Tensor]:
        size = self.num_generations
        wanted, kept = len(inputs), []
        for _ in range(GENERATIONS_MAX):
            output = super()._generate_and_score_completions(inputs)
            has_signal = output["advantages"].view(-1, size).ne(0).any(1).repeat_interleave(size)
            kept.append({name: value[has_signal] for name, value in output.items() if value.ndim})
            if sum(len(part["advantages"]) for part in kept) >= wanted:
                break
        if not sum(len(part["advantages"]) for part in kept):
            return output  # nothing to learn from
        joined = {name: _joined([part[name] for part in kept], name)[:wanted] for name in kept[0]}
        joined["num_items_in_batch"] = joined["completion_mask"].sum()
        return joined


def _joined(parts: list[torch.Tensor], name: str) -> torch.Tensor:
    """Rows of several outputs as one, padded as TRL pads: prompts on the left, completions on the right."""
    longest = max((part.shape[1] for part in parts if part.ndim == 2), default=0)
    padded = []
    for part in parts:
        lacking = longest - part.shape[1] if part.ndim == 2 else 0
        sides = (lacking, 0) if name.startswith("prompt") else (0, lacking)
        padded.append(torch.nn.functional.pad(part, sides) if lacking else part)
    return torch.cat(padded)


class Candidates(Drawn):
    """Prompts that a rule chooses out of `pool` times as many, which are drawn as statezero.trl draws them."""

    pool = 4

    def _take(self, count: int) -> list[int]:
        size = len(self.train_dataset)
        draw = random.Random(f"{self.seed}/{self.state.global_step}")
        return self._choose(draw.sample(range(size), min(size, count * self.pool)), count)

    def _choose(self, candidates: list[int], count: int) -> list[int]:
        raise NotImplementedError


class Thompson(Candidates):
    """As MoPPS (Qu et al. 2025, arXiv:2507.04632): a Beta posterior of each prompt's success, whose old outcomes fade;
    a draw from each, and the prompts whose draw is nearest to one half. Our own short version."""

    fading, target = 0.5, 0.5

    def _generate_and_score_completions(self, inputs: Rows) -> dict[str, torch.Tensor]:
        output = super()._generate_and_score_completions(inputs)
        for group in self.latest:
            old = self._posterior.get(group["id"], (1.0, 1.0))
            outcomes = (group["k"], group["n"] - group["k"])
            # Towards the uniform prior, then the new outcomes.
            self._posterior[group["id"]] = tuple(self.fading * a + (1 - self.fading) + b for a, b in zip(old, outcomes))
        return output

    def _choose(self, candidates: list[int], count: int) -> list[int]:
        self._posterior: dict[int, tuple[float, float]] = getattr(self, "_posterior", {})
        draw = random.Random(f"{self.seed}/draw/{self.state.global_step}")
        ids = self.train_dataset["prompt_id"]
        distance = {i: abs(draw.betavariate(*self._posterior.get(ids[i], (1, 1))) - self.target) for i in candidates}
        return sorted(sorted(candidates, key=distance.__getitem__)[:count])


class Known(Candidates):
    """The bound of all such rules: chosen by the policy's exact success rates, which no trainer knows."""

    success: typing.Callable[[list[int]], list[float]]

    def _choose(self, candidates: list[int], count: int) -> list[int]:
        distance = {i: abs(p - 0.5) for i, p in zip(candidates, self.success(candidates), strict=True)}
        return sorted(sorted(candidates, key=distance.__getitem__)[:count])


class Uniform(Counted, Drawn, GRPOTrainer):
    pass


class UniformFiltered(Counted, Filtered, GRPOTrainer):
    pass


class BetaSampling(Counted, Thompson, GRPOTrainer):
    pass


class ExactRates(Counted, Known, GRPOTrainer):
    pass


class StateZeroChoice(Counted, ChoosePrompts, GRPOTrainer):
    pass


class StateZeroUnequal(Counted, UnequalGroups, GRPOTrainer):
    pass


# Name: class, and for StateZero what its `Settings` say beyond the defaults.
ARMS: dict[str, tuple[type, dict[str, typing.Any] | None]] = {
    "uniform": (Uniform, None),
    "filter": (UniformFiltered, None),
    "beta": (BetaSampling, None),
    "choose": (StateZeroChoice, {}),
    "preset": (StateZeroUnequal, {}),
    "contrast": (StateZeroUnequal, {"n_min": 2, "n_max": 32, "options": {"objective": "expectedContrast"}}),
    "exact": (ExactRates, None),
}


def settings(arm: str, client: typing.Any, run: str, seed: int) -> Settings | None:
    """StateZero's settings for an arm; None for the others."""
    given = ARMS[arm][1]
    return None if given is None else Settings(client, run, seed=seed, **given)
