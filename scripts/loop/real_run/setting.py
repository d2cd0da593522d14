"""The two settings of the real run: which tasks there are, how the policy is warmed up, and how GRPO trains it.

`first`: nine kinds of tasks at all their lengths, and a policy that learnt from right answers until it could do some.
`late`: as late in training, most prompts are solved always or never. Between them are some that the policy half knows:
it was shown right answers and answers with one kind of mistake, and both ways of answering are in it.
"""

import dataclasses

Cell = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class Setting:
    """Sizes, rates and tasks of a setting. `cells` of None: all kinds at all lengths. `shown_right`: the share of right
    answers that the warm-up shows for a cell, where it is not all of them."""

    training: int
    held_out: int
    width: int
    layers: int
    warm_up_batch: int
    warm_up_rate: float
    warm_up_target: float  # mean success at which the warm-up ends
    learning_rate: float
    rollouts: int
    prompts: int  # of a batch
    size: int  # rollouts of a group
    cells: tuple[Cell, ...] | None = None
    shown_right: dict[Cell, float] = dataclasses.field(default_factory=dict)


NEVER: tuple[Cell, ...] = (
    ("add", 3), ("add", 4), ("subtract", 3), ("subtract", 4), ("multiply", 2), ("chain", 3), ("chain", 4),
)  # fmt: skip
ALWAYS: tuple[Cell, ...] = tuple((kind, level) for kind in ("reverse", "position") for level in (1, 2, 3))
LARGEST: tuple[Cell, ...] = tuple(("largest", level) for level in (1, 2, 3))
HALF_KNOWN: dict[Cell, float] = {("reverse", 4): 0.5, ("reverse", 5): 0.3, ("position", 4): 0.5, ("position", 5): 0.3}
LATE = (*NEVER, *ALWAYS, *LARGEST, *HALF_KNOWN)

SETTINGS = {
    "first": Setting(1024, 512, 96, 3, 96, 2e-3, 0.38, 2e-4, 10_240, 16, 8),
    "late": Setting(512, 500, 64, 2, 64, 3e-3, 0.40, 6e-4, 5_120, 8, 8, LATE, HALF_KNOWN),
}
