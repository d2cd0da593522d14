"""How far budgets may differ from even ones, by what is known: chosen on one half of the runs, judged on the other.

    python3 scripts/loop/real_run/widening.py grid --data DIR --output out/grid.json    # plans of many settings
    python3 scripts/loop/real_run/widening.py choose --input out/grid.json              # rules, on the first half
    python3 scripts/loop/real_run/widening.py judge --data DIR --output out/judged.json --page FILE    # on the other

`grid` goes through each run with a history of even groups, and asks at each step for plans of several objectives and
caps. `choose` compares rules, each of which picks one of these plans by what is known. `judge` lets the presets of the
Python client, other rules and even budgets train on the other runs, each with the history that its own groups give.
Runs are those of `runs.py`; expectations are exact, as in `preset.py`. Standard library only.
"""

import collections.abc
import itertools
import json
import pathlib
import random
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1]), str(HERE.parents[1] / "python" / "src")]

import preset  # noqa: E402
import runs  # noqa: E402

from common import arguments, markdown  # noqa: E402
from common.cluster import Cluster  # noqa: E402
from statezero import Client  # noqa: E402
from statezero.client import _Agreement  # noqa: E402

REPETITIONS, LARGEST = 2, 4
OBJECTIVES = ["expectedContrast", "advantageMass", "informationGain", "mixedGroupProbability"]
CAPS = {4: [5, 6, 7, 8], 5: [6, 7, 8, 9, 10], 8: [9, 10, 11, 12, 14, 16, 20, 24, 32]}  # by mean


PHASES = {"first visits": lambda row: not row["visit"], "with records": lambda row: row["visit"] > 0}
WATCHED = ("silent groups", "rollouts with a gradient", "utility")
Options = collections.abc.Callable[[int, float], dict]


def fixed(objective: str, cap: float = 2) -> Options:
    return lambda mean, _: {"preset": None, "n_min": 2, "n_max": round(cap * mean), "objective": objective}


def in_two_stages(mean: int, agreement: float) -> dict:
    """The rule that `choose` puts first: cautious until predictions agree with outcomes."""
    if agreement < 0.35:
        return fixed("mixedGroupProbability")(mean, agreement)
    return fixed("informationGain", max(2, 1 + 3 * agreement))(mean, agreement)


# Arms of `judge`: options of `Client.plan`, by the mean and the agreement.
ARMS: dict[str, Options] = {
    "even budgets": lambda mean, _: {"preset": None, "n_min": mean, "n_max": mean},
    'informationGain, cap 2: preset "trainer"': fixed("informationGain"),
    "mixedGroupProbability, cap 2": fixed("mixedGroupProbability"),
    "mixedGroupProbability, cap 2, until a = 0.35, then cap 2 to 3.4": in_two_stages,
    'informationGain, cap 2 to 3.4 by a: preset "widening"': lambda *_: {"preset": "widening"},
}
EVEN, BEFORE, *_, WIDENING = ARMS


def outcomes(batch: list[preset.Prompt], budgets: dict[str, int], seed: str, step: int) -> list[dict]:
    """Outcomes of a step. Groups of the same seed, prompt and step begin with the same rewards, whatever their size."""
    found = []
    for prompt in batch:
        draw = random.Random(f"{seed}/{step}/{prompt.name}")
        rewards = [float(draw.random() < prompt.mean()) for _ in range(budgets[prompt.name])]
        if rewards:
            found.append({"prompt_id": prompt.name, "prompt": prompt.text, "step": step, "rewards": rewards})
    return found


def settings(mean: int) -> list[tuple[str, int, int]]:
    """(objective, floor, cap): the preset before; caps with the floor 2, or as far below the mean by their ratio."""
    found = [("informationGain", 2, 2 * mean)]
    for objective, cap in itertools.product(OBJECTIVES, CAPS[mean]):
        found += [(objective, floor, cap) for floor in sorted({2, max(2, round(mean * mean / cap))})]
    return found


def grid(client: Client, run: runs.Run, number: int) -> list[dict]:
    """A row for each step and setting. `agreement` is what the client has seen before the step."""
    found = []
    name, mean, agreement = f"grid/{number}", run.mean, _Agreement()
    for step, (visit, batch) in enumerate(run.steps):
        items = [{"prompt_id": p.name, "prompt": p.text} for p in batch]
        total, even = mean * len(batch), {p.name: mean for p in batch}
        row = {"source": run.source, "run": run.name, "mean": mean, "step": step, "visit": visit}
        row["agreement"] = agreement.at(step)
        found.append({**row, "objective": "even", "floor": mean, "cap": mean, **preset.expected(batch, even)})
        for objective, floor, cap in settings(mean):
            options = {"objective": objective, "n_min": floor, "n_max": cap}
            # Each takes the place of the one before: at a later step, records would be older.
            plan = client.plan(name, step, total, items, preset=None, replace=True, **options)
            assert plan.total == total, plan
            key = {"objective": objective, "floor": floor, "cap": cap}
            found.append({**row, **key, **preset.expected(batch, plan.n)})
        rewards = outcomes(batch, even, name, step)
        agreement.expect(plan.items)
        for outcome in rewards:
            agreement.report(outcome["prompt_id"], outcome)
        client.report(name, rewards)
    return found


def judge(client: Client, run: runs.Run, number: int) -> list[dict]:
    """A row for each step, arm and repetition."""
    found = []
    for repetition, (arm, options) in itertools.product(range(REPETITIONS), ARMS.items()):
        name = f"judge/{number}/{repetition}/{arm}"
        for step, (visit, batch) in enumerate(run.steps):
            items = [{"prompt_id": p.name, "prompt": p.text} for p in batch]
            chosen = options(run.mean, client.agreement(name))
            for item, prompt in zip(items, batch, strict=True):
                if prompt.p is None and prompt.n < LARGEST * run.mean and chosen.get("n_max", run.mean + 1) > run.mean:
                    item["n_max"] = prompt.n  # no group is larger than what was recorded
            plan = client.plan(name, step, run.mean * len(batch), items, **chosen)
            assert plan.total == run.mean * len(batch), plan
            client.report(name, outcomes(batch, plan.n, f"{number}/{repetition}", step))
            row = {"source": run.source, "run": run.name, "arm": arm, "visit": visit, "step": step}
            row["agreement"] = client.agreement(name, step)
            found.append({**row, **preset.expected(batch, plan.n)})
    return found


def picked(rows: list[dict], objective: str, cap: float, is_symmetric: bool = False) -> dict:
    """The plan of a step with the largest cap that is not above."""
    known = [row for row in rows if row["objective"] == objective and row["cap"] <= round(cap)]
    if not known:
        return next(row for row in rows if row["objective"] == "even")
    widest = max(row["cap"] for row in known)
    return (max if is_symmetric else min)((r for r in known if r["cap"] == widest), key=lambda row: row["floor"])


def rules() -> dict[str, collections.abc.Callable[[list[dict]], dict]]:
    """By name: from the plans of a step to one."""
    found: dict[str, collections.abc.Callable[[list[dict]], dict]] = {}
    for objective in OBJECTIVES:
        for multiple in (1.25, 1.5, 2, 3, 4):
            found[f"{objective}, cap {multiple}"] = lambda r, o=objective, m=multiple: picked(r, o, m * r[0]["mean"])
        for slope, shape in itertools.product((0.5, 1, 2, 3), (False, True)):
            name = f"{objective}, cap 1 + {slope} a" + (", floor 1 / cap" if shape else "")
            found[name] = lambda r, o=objective, s=slope, f=shape: picked(
                r, o, (1 + s * r[0]["agreement"]) * r[0]["mean"], f
            )
    for least in (0.3, 0.35, 0.4, 0.5, 0.6):
        for name, slope in (("2", 0), ("1 + 3 a", 3)):
            found[f"mixedGroupProbability to a = {least}, then informationGain, cap {name}"] = (
                lambda r, a=least, s=slope: (
                    picked(r, "mixedGroupProbability", 2 * r[0]["mean"])
                    if r[0]["agreement"] < a
                    else picked(r, "informationGain", max(2, 1 + s * r[0]["agreement"]) * r[0]["mean"])
                )
            )
    return found


def watched(rows: list[dict]) -> list[float]:
    """What trainers watch: silent groups of all, rollouts with a gradient of all, utility."""
    total = {key: sum(row[key] for row in rows) for key in ("groups", "silent", "rollouts", "signal", "utility")}
    return [total["silent"] / total["groups"], total["signal"] / total["rollouts"], total["utility"]]


def differences(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> list[tuple[float, float]]:
    """Mean and standard error over runs, in points; of utility in percent."""
    pairs = [(ours[run], theirs[run]) for run in ours]
    each = [[100 * (a[i] - b[i]) for a, b in pairs] for i in (0, 1)] + [[100 * (a[2] / b[2] - 1) for a, b in pairs]]
    return [(statistics.mean(v), statistics.stdev(v) / len(v) ** 0.5 if len(v) > 1 else 0.0) for v in each]


def by_run(rows: list[dict]) -> dict[str, list[float]]:
    names = dict.fromkeys(f"{row['source']}/{row['run']}" for row in rows)
    return {name: watched([row for row in rows if f"{row['source']}/{row['run']}" == name]) for name in names}


def choose(rows: list[dict]) -> str:
    """Markdown: each rule against even budgets, and where it can be chosen: at first visits 0.1 points more silent
    groups than even budgets at most. The most rollouts with a gradient over all steps first."""
    steps = [list(step) for _, step in itertools.groupby(rows, key=lambda row: (row["run"], row["step"]))]
    even = [step[0] for step in steps]
    lines = []
    for name, rule in rules().items():
        chosen = [rule(step) for step in steps]
        line = [
            differences(by_run(list(filter(phase, chosen))), by_run(list(filter(phase, even))))
            for phase in (*PHASES.values(), lambda row: True)
        ]
        lines.append((name, line, line[0][0][0] <= 0.1))
    lines.sort(key=lambda line: (not line[2], -line[1][2][1][0]))
    head = ["rule", "may be chosen", *(f"{phase}: {name}" for phase in (*PHASES, "all") for name in WATCHED)]
    cells = [[n, "yes" if may else "", *(_signed(v) for part in line for v in part)] for n, line, may in lines]
    return markdown.table(head, cells, "ll" + "r" * 9)


def verdict(rows: list[dict]) -> str:
    """Markdown: each arm, at first visits and with records, with paired differences over runs."""
    lines = []
    for phase, belongs in PHASES.items():
        of = {arm: by_run([row for row in rows if row["arm"] == arm and belongs(row)]) for arm in ARMS}
        for arm, values in of.items():
            means = [statistics.mean(run[i] for run in values.values()) for i in (0, 1)]
            line = [phase, arm, *(f"{100 * mean:.1f} %" for mean in means)]
            for other in (EVEN, BEFORE):
                line += ["" if arm == other else _signed(v) for v in differences(values, of[other])]
            lines.append(line)
    against = [f"{name}, over {other}" for other in ("even", "cap 2") for name in WATCHED]
    return markdown.table(["plans", "budgets", *WATCHED[:2], *against], lines, "llrrrrrrrr")


def by_source(rows: list[dict]) -> str:
    """Markdown: the preset that widens against even budgets, by source."""
    lines = []
    for source, (phase, belongs) in itertools.product(dict.fromkeys(row["source"] for row in rows), PHASES.items()):
        of = [
            by_run([r for r in rows if r["arm"] == arm and r["source"] == source and belongs(r)])
            for arm in (WIDENING, EVEN)
        ]
        lines.append([source, phase, len(of[0]), *(f"{mean:+.1f}" for mean, _ in differences(*of))])
    return markdown.table(["source", "plans", "runs", *(f"{name}, over even" for name in WATCHED)], lines, "llrrrr")


def _signed(value: tuple[float, float]) -> str:
    return f"{value[0]:+.1f} ± {value[1]:.1f}"


def main() -> None:
    parser = arguments.parser(__doc__)
    parser.add_argument("phase", choices=["grid", "choose", "judge"])
    arguments.add_data(parser, "folder of outcomes: <source>.prompts.jsonl.gz and <source>.outcomes.jsonl.gz")
    parser.add_argument("--output", type=pathlib.Path, metavar="FILE", help="rows that grid and judge write")
    parser.add_argument("--input", type=pathlib.Path, metavar="FILE", help="rows to show, instead of measuring them")
    parser.add_argument("--page", metavar="FILE", help="page whose table is written anew by judge")
    arguments.add_model(parser)
    options = parser.parse_args()
    if options.input:
        rows = json.loads(options.input.read_text(encoding="utf-8"))
    else:
        rows = measure(options)
    if options.phase == "choose":
        print(choose(rows))
    if options.phase == "judge":
        text = f"{verdict(rows)}\n\n{by_source(rows)}"
        print(text)
        if options.page:
            markdown.replace_between(
                options.page, "<!-- judged: written by widening.py -->", "<!-- end of judged -->", text
            )


def measure(options) -> list[dict]:
    every = runs.of_repository() + (runs.of_data(options.data) if options.data else [])
    choosing, judging = runs.halves(every)
    rows: list[dict] = []
    with Cluster(options.model, workers=1) as cluster:
        cluster.wait_for_workers(1)
        client = Client(cluster.url, timeout=300, strict=True)
        for number, run in enumerate(judging if options.phase == "judge" else choosing):
            rows += (judge if options.phase == "judge" else grid)(client, run, number)
            print(run.source, run.name, len(run.steps), "steps", flush=True)
            if options.output:
                options.output.write_text(json.dumps(rows), encoding="utf-8")
    return rows


if __name__ == "__main__":
    main()
