"""Prompts with one right answer each, in words: sums, sorting, reversing and so on, from short to long.

A cell is a kind of task at one length. Prompts of the training set, the held-out set and the warm-up are drawn evenly
over the cells, and no text is in two of them.
"""

import collections.abc
import dataclasses
import itertools
import random

from setting import SETTINGS, Cell, Setting

Cells = collections.abc.Sequence[Cell]
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = "first second third fourth fifth sixth seventh".split()
THINGS = (
    "apple bridge candle desert engine forest garden hammer island jacket kettle lemon mirror needle ocean pepper "
    "ribbon saddle tunnel window"
).split()


@dataclasses.dataclass(frozen=True)
class Task:
    """A prompt, the one right reply, and its cell, such as `add-2`."""

    prompt: str
    answer: str
    cell: str


def in_words(number: int) -> str:
    """A number from 0 to 9999 in words without hyphens."""
    if number < 20:
        return ONES[number]
    if number < 100:
        rest = number % 10
        return TENS[number // 10 - 2] + (f" {ONES[rest]}" if rest else "")
    unit, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = number % unit
    return f"{in_words(number // unit)} {name}" + (f" {in_words(rest)}" if rest else "")


def _number(draw: random.Random, digits: int) -> int:
    return draw.randrange(10 ** (digits - 1), 10**digits)


def _add(draw: random.Random, level: int) -> tuple[str, str]:
    a, b = _number(draw, (level + 3) // 2), _number(draw, (level + 2) // 2)
    return f"What is {in_words(a)} plus {in_words(b)}?", in_words(a + b)


def _subtract(draw: random.Random, level: int) -> tuple[str, str]:
    a, b = _number(draw, (level + 3) // 2), _number(draw, (level + 2) // 2)
    return f"What is {in_words(max(a, b))} minus {in_words(min(a, b))}?", in_words(abs(a - b))


def _multiply(draw: random.Random, level: int) -> tuple[str, str]:
    a, b = _number(draw, (level + 3) // 2), _number(draw, (level + 2) // 2)
    return f"What is {in_words(a)} times {in_words(b)}?", in_words(a * b)


def _largest(draw: random.Random, level: int) -> tuple[str, str]:
    numbers = draw.sample(range(1, 100), level + 1)
    return f"Which is the largest of {', '.join(map(in_words, numbers))}?", in_words(max(numbers))


def _sort(draw: random.Random, level: int) -> tuple[str, str]:
    numbers = draw.sample(range(20), level + 2)
    return f"Sort these: {', '.join(map(in_words, numbers))}.", " ".join(map(in_words, sorted(numbers)))


def _reverse(draw: random.Random, level: int) -> tuple[str, str]:
    things = draw.choices(THINGS, k=level + 1)
    return f"Say backwards: {', '.join(things)}.", " ".join(reversed(things))


def _count(draw: random.Random, level: int) -> tuple[str, str]:
    thing = draw.choice(THINGS)
    things = [thing if draw.random() < 0.5 else draw.choice(THINGS) for _ in range(2 + level)]
    return f"How many times is {thing} in {', '.join(things)}?", in_words(things.count(thing))


def _position(draw: random.Random, level: int) -> tuple[str, str]:
    things = draw.choices(THINGS, k=level + 2)
    place = draw.randrange(len(things))
    return f"What is the {ORDINALS[place]} word of {', '.join(things)}?", things[place]


def _chain(draw: random.Random, level: int) -> tuple[str, str]:
    value = draw.randrange(10, 20)
    parts = [f"Start with {in_words(value)}"]
    for _ in range(level + 1):
        change = draw.randrange(1, 10)
        is_less = value > change and draw.random() < 0.5
        parts.append(f"{'subtract' if is_less else 'add'} {in_words(change)}")
        value += -change if is_less else change
    return f"{', '.join(parts)}. What is it?", in_words(value)


# Kind: how a task is made, and how many lengths there are.
KINDS = {
    "add": (_add, 4),
    "subtract": (_subtract, 4),
    "multiply": (_multiply, 2),
    "largest": (_largest, 5),
    "sort": (_sort, 4),
    "reverse": (_reverse, 6),
    "count": (_count, 5),
    "position": (_position, 5),
    "chain": (_chain, 4),
}
CELLS = [(kind, level) for kind, (_, levels) in KINDS.items() for level in range(1, levels + 1)]


def stream(
    seed: str, without: collections.abc.Container[str] = frozenset(), cells: Cells | None = None
) -> collections.abc.Iterator[Task]:
    """Tasks without end, each cell in turn; texts that are in `without` are left out."""
    draw = random.Random(seed)
    for kind, level in itertools.cycle(cells or CELLS):
        prompt, answer = KINDS[kind][0](draw, level)
        while prompt in without:
            prompt, answer = KINDS[kind][0](draw, level)
        yield Task(prompt, answer, f"{kind}-{level}")


def distinct(
    seed: str, count: int, without: collections.abc.Collection[str] = frozenset(), cells: Cells | None = None
) -> list[Task]:
    """So many tasks with different prompts."""
    found: dict[str, Task] = {}
    for task in stream(seed, without, cells):
        found.setdefault(task.prompt, task)
        if len(found) == count:
            break
    return list(found.values())


def sets(setting: Setting = SETTINGS["first"]) -> tuple[list[Task], list[Task]]:
    """The training set and the held-out set."""
    first = distinct("training", setting.training, cells=setting.cells)
    return first, distinct("held out", setting.held_out, {task.prompt for task in first}, setting.cells)


def with_mistake(task: Task) -> Task:
    """The same task with the answer of one kind of mistake: words in the given order for `reverse`, the word behind the
    right one for `position`. Other kinds have none."""
    is_reverse = task.cell.startswith("reverse")
    words, listed = task.prompt.rstrip("?.").split(": " if is_reverse else " word of ")
    things = listed.split(", ")
    if is_reverse:
        return dataclasses.replace(task, answer=" ".join(things))
    place = ORDINALS.index(words.split()[-1])
    return dataclasses.replace(task, answer=things[(place + 1) % len(things)])


def is_right(completion: str, answer: str) -> bool:
    """Whether a completion is the answer, word for word."""
    return completion.split() == answer.split()


def vocabulary() -> list[str]:
    """All words and marks of prompts and answers, in a fixed order."""
    words = [*ONES, *TENS, "hundred", "thousand", *ORDINALS, *THINGS, ",", ".", "?", ":"]
    for task in itertools.islice(stream("vocabulary"), 40 * len(CELLS)):
        words += [word for word in split(task.prompt) if word not in words]
    return list(dict.fromkeys(words))


def split(text: str) -> list[str]:
    """Words and marks, in lower case, as the tokenizer finds them."""
    for mark in ",.?:":
        text = text.replace(mark, f" {mark} ")
    return text.lower().split()
