"""StateZero in slime: prompts chosen out of a larger pool, for groups of equal size, and their rewards reported.

    --data-source-path statezero.slime.ChosenPrompts
    --rollout-all-samples-process-path statezero.slime.report
    --custom-config-path statezero.yaml         # its key `statezero` has url, run, and what else `Settings` has

Groups of unequal sizes are not offered: slime's rollout asserts `n_samples_per_prompt` samples a group, and it reshapes
rewards by that number.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import typing

from slime.rollout.data_source import RolloutDataSource, RolloutDataSourceWithBuffer
from slime.utils.types import Sample

from .client import Client, RequestError

Group = list[typing.Any]  # of samples, or of lists of samples where a rollout gave several
KEY = "statezero"  # of a sample's metadata: what the outcome of its group is reported with
MISSING = (Sample.Status.ABORTED, Sample.Status.FAILED)


@dataclasses.dataclass
class Settings:
    """What the argument `statezero` says, which --custom-config-path sets."""

    url: str
    run: str
    timeout: float = 5.0
    resume: bool = False  # a trainer that may go on at a checkpoint
    pool: int = 4  # prompts of the data set for each group that is asked for
    prompt_key: str | None = None  # of a row's metadata: the prompt without chat template
    id_key: str = "prompt_id"  # of a row's metadata; without it, an id is a digest of the prompt
    reward_low: float = 0.0
    reward_high: float = 1.0
    options: dict[str, typing.Any] = dataclasses.field(default_factory=dict)  # of `Client.plan`

    @classmethod
    def of(cls, args: typing.Any) -> Settings:
        """Raises where the address or the name of the run is missing, or a setting is unknown."""
        known = {field.name for field in dataclasses.fields(cls)}
        given = getattr(args, "statezero", None) or {}
        unknown, missing = sorted(set(given) - known), sorted({"url", "run"} - set(given))
        if unknown or missing:
            problem = "no such setting" if unknown else "missing in --custom-config-path"
            raise RequestError(f"statezero: {', '.join(unknown or missing)}: {problem}")
        return cls(**given)

    @property
    def range(self) -> dict[str, typing.Any]:
        """The range of rewards, as options of a plan and a report."""
        return {"reward_low": self.reward_low, "reward_high": self.reward_high}


class ChosenPrompts(RolloutDataSourceWithBuffer):  # type: ignore[misc, unused-ignore]
    """slime's own data source; of each `pool` times as many groups as are asked for, the chosen ones are handed out.
    Groups that slime gave back, because they were aborted, come first, as without it."""

    def __init__(self, args: typing.Any):
        super().__init__(args)
        self.statezero = Settings.of(args)
        if self.dataset is None or not self.statezero.pool >= 1:
            raise RequestError("statezero needs --prompt-data, and a pool of at least 1")
        self.client = Client(self.statezero.url, timeout=self.statezero.timeout, resume=self.statezero.resume)
        self.last_choice: typing.Any = None

    def get_samples(self, num_samples: int) -> list[Group]:
        """So many groups. One plan, which waits `timeout` at most."""
        groups: list[Group] = self._get_samples_from_buffer(num_samples)
        missing = num_samples - len(groups)
        return groups + self._chosen(missing) if missing else groups

    def _chosen(self, count: int) -> list[Group]:
        settings, size = self.statezero, min(count * self.statezero.pool, len(self.dataset))
        if size < count:
            raise RequestError(f"{count} groups are asked for, and the data set has {size} prompts")
        pool: list[Group] = RolloutDataSource.get_samples(self, size)
        asked = [self._item(group[0]) for group in pool]
        step: int = self.metadata.get(KEY, 0)  # slime's checkpoint has the metadata
        choice = self.last_choice = self.client.choose(
            settings.run, asked, count, self.args.n_samples_per_prompt, step,
            seed=self.args.rollout_seed, duplicates="merge", **settings.range, **settings.options,
        )  # fmt: skip
        self.metadata[KEY] = step + 1
        for place, name in zip(choice.indices, choice.ids):
            about = {"prompt_id": name, "prompt": asked[place]["prompt"], "step": choice.outcome_step}
            for sample in pool[place]:
                sample.metadata[KEY] = {**about, "policy_version": step}
        return [pool[place] for place in choice.indices]

    def _item(self, sample: Sample) -> dict[str, typing.Any]:
        key, metadata = self.statezero.prompt_key, sample.metadata
        return {
            "prompt_id": metadata.get(self.statezero.id_key),
            "prompt": metadata[key] if key is not None else sample.prompt,
        }


def report(args: typing.Any, groups: list[Group], get_samples: collections.abc.Callable[[int], list[Group]]) -> None:
    """Reports all groups of a rollout that ended, also those that a dynamic filter dropped. `get_samples`: of the data
    source. A sample that failed or was aborted counts as a failed rollout."""
    source = getattr(get_samples, "__self__", None)
    if not isinstance(source, ChosenPrompts):
        raise RequestError("statezero.slime.report needs --data-source-path statezero.slime.ChosenPrompts")
    outcomes = []
    for group in groups:
        last = [rollout[-1] if isinstance(rollout, list) else rollout for rollout in group]
        about = last[0].metadata.get(KEY)
        if about is not None:
            outcomes.append({**about, "rewards": [_reward(args, sample) for sample in last]})
    if outcomes:
        source.client.report(source.statezero.run, outcomes, **source.statezero.range)


def _reward(args: typing.Any, sample: Sample) -> float | None:
    if sample.status in MISSING or sample.reward is None:
        return None
    return float(sample.get_reward_value(args))
