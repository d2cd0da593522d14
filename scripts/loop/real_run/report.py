"""The report of the real run: tables and plot, from the results of measure.py.

    python report.py [--setting late] --folder DIR [--page FILE.md] [--plot FILE.png]   packs results into data first
    python report.py [--setting late]                                                   from data

Runs that were stopped before they had spent the setting's rollouts are left out.

Errors are standard errors over seeds; gains are taken seed by seed. Success after so many rollouts is interpolated
between the two measurements around it, because a step of the filter spends as many as it needs.
"""

import gzip
import json
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1])]

from setting import SETTINGS  # noqa: E402

from common import arguments, markdown, paths  # noqa: E402

PAGE = paths.ROOT / "Sources" / "Documentation" / "real-run.md"
# Setting: its runs and its plot in the folder data, and how its place in the page begins.
FILES = {
    "first": ("runs.json.gz", "real-run.png", "<!-- tables: written by report.py -->"),
    "late": ("late.json.gz", "late.png", "<!-- tables of late: written by report.py -->"),
}
# Arm: its name in tables and the plot, and its colour.
NAMES = {
    "uniform": ("uniform", "#555555"),
    "filter": ("uniform, DAPO's filter", "#d08a00"),
    "beta": ("Beta sampling (as MoPPS)", "#1f8a4c"),
    "choose": ("StateZero chooses prompts", "#1f5fbf"),
    "contrast": ("StateZero, unequal groups, expectedContrast 2 to 32", "#b03a8c"),
    "preset": ("StateZero, unequal groups, preset", "#7a3ab0"),
    "exact": ("exact rates (bound)", "#000000"),
}
KEPT = ("arm", "seed", "learning_rate", "seconds", "curve", "held_out", "plan_seconds")


def pack(folder: pathlib.Path, packed: pathlib.Path, rollouts: int) -> None:
    """Keeps of each whole result what the report needs, and of the groups what it counts."""
    runs = []
    for path in sorted(folder.glob("*-[0-9]*.json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        if run["curve"][-1]["rollouts"] < rollouts:
            continue
        kept = {name: run[name] for name in KEPT if name in run}
        for point in kept["curve"]:
            until = run["groups"][: point["groups"]]
            point["with_signal"] = sum(group["n"] for group in until if 0 < group["k"] < group["n"])
            point["prompts"] = len({group["id"] for group in until})
        kept["correlation"] = correlation(run)
        kept["uniform_plans"] = sum(reason is not None for reason in run.get("uniform_reasons", []))
        runs.append(kept)
    packed.parent.mkdir(exist_ok=True)
    with gzip.GzipFile(packed, "wb", mtime=0) as file:
        start = json.loads((folder / "start.json").read_text(encoding="utf-8"))
        file.write(json.dumps({"runs": runs, "start": start}).encode())


def correlation(run: dict) -> float | None:
    """Between the probability that a plan expected and the group's share of successes."""
    observed = {(g["step"], str(g["id"])): g["k"] / g["n"] for g in run["groups"]}
    both = [(e["p"], observed[e["step"], e["id"]]) for e in run.get("expected", []) if (e["step"], e["id"]) in observed]
    if len(both) < 2:
        return None
    x, y = zip(*both)
    mx, my = sum(x) / len(x), sum(y) / len(y)
    covariance = sum((a - mx) * (b - my) for a, b in both)
    return covariance / math.sqrt(sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))


def at(curve: list[dict], rollouts: float, name: str = "success") -> float:
    """A measured value after so many rollouts."""
    for before, after in zip(curve, curve[1:]):
        if rollouts <= after["rollouts"]:
            share = (rollouts - before["rollouts"]) / (after["rollouts"] - before["rollouts"])
            return before[name] + share * (after[name] - before[name])
    return curve[-1][name]


def first_at(curve: list[dict], success: float, budget: int) -> float:
    """The rollouts after which a success was reached first; infinite where it was not within the budget."""
    for before, after in zip(curve, curve[1:]):
        if after["success"] >= success:
            share = max(0.0, (success - before["success"]) / (after["success"] - before["success"]))
            found = before["rollouts"] + share * (after["rollouts"] - before["rollouts"])
            return found if found <= budget else math.inf
    return math.inf


def mean_error(values: list[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    spread = sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
    return mean, math.sqrt(spread / len(values))


def shown(values: list[float], digits: int = 3, sign: str = "") -> str:
    mean, error = mean_error(values)
    return f"{mean:{sign}.{digits}f}" + (f" ± {error:.{digits}f}" if len(values) > 1 else "")  # one seed has no error


class Results:
    """Runs by arm and seed; seeds that all arms have."""

    def __init__(self, runs: list[dict], rollouts: int):
        self.runs = {(run["arm"], run["seed"]): run for run in runs}
        self.arms = [arm for arm in NAMES if any(run["arm"] == arm for run in runs)]
        self.seeds = sorted(
            seed for seed in {run["seed"] for run in runs} if all((arm, seed) in self.runs for arm in self.arms)
        )
        self.budget = min(rollouts, *(run["curve"][-1]["rollouts"] for run in runs))

    def of(self, arm: str) -> list[dict]:
        return [self.runs[arm, seed] for seed in self.seeds]

    def success(self, arm: str, rollouts: float | None = None) -> list[float]:
        return [at(run["curve"], rollouts or self.budget) for run in self.of(arm)]

    def mean(self, arm: str, name: str) -> float:
        """A count at the end of the budget."""
        return sum(at(run["curve"], self.budget, name) for run in self.of(arm)) / len(self.seeds)

    def gains(self, arm: str, rollouts: float | None = None) -> list[float]:
        """Over even sampling, seed by seed."""
        return [a - b for a, b in zip(self.success(arm, rollouts), self.success("uniform", rollouts))]


def main_table(results: Results) -> str:
    lines = []
    ends = dict(zip(results.seeds, results.success("uniform")))
    for arm in results.arms:
        runs = results.of(arm)
        reached = [first_at(run["curve"], ends[run["seed"]], results.budget) for run in runs]
        in_time = [value for value in reached if value < math.inf]
        lines.append(
            [
                NAMES[arm][0],
                f"{results.mean(arm, 'step'):.0f}",
                f"{results.mean(arm, 'completion_tokens') / 1000:.1f}",
                f"{results.mean(arm, 'prompt_tokens') / 1000:.0f}",
                f"{results.mean(arm, 'silent') / results.mean(arm, 'groups'):.1%}",
                f"{results.mean(arm, 'with_signal') / results.budget:.1%}",
                f"{results.mean(arm, 'prompts'):.0f}",
                shown(results.success(arm, results.budget / 4)),
                shown(results.success(arm)),
                "" if arm == "uniform" else shown(results.gains(arm), sign="+"),
                ""
                if arm == "uniform"
                else f"{len(in_time)} of {len(reached)}" + (f", {sum(in_time) / len(in_time):,.0f}" if in_time else ""),
            ]
        )
    head = ["arm", "steps", "tokens of replies, thousands", "of prompts", "silent groups", "rollouts with a gradient",
            "different prompts", "success after a quarter", "success at the end", "gain on uniform",
            "seeds that reached uniform's end, after rollouts"]  # fmt: skip
    return markdown.table(head, lines, "l" + "r" * 10)


def way_table(results: Results) -> str:
    """The gain over even sampling after each fifth of the rollouts."""
    marks = [results.budget * number / 5 for number in range(1, 6)]
    lines = [
        [NAMES[arm][0], *(shown(results.gains(arm, mark), sign="+") for mark in marks)]
        for arm in results.arms
        if arm != "uniform"
    ]
    return markdown.table(["gain on uniform after", *(f"{mark:,.0f}" for mark in marks)], lines, "l" + "r" * len(marks))


def kinds_table(results: Results, start: list[list]) -> str:
    """Held-out success by kind of task, at the end of the run."""
    kinds = list(dict.fromkeys(cell.split("-")[0] for cell, _ in start))

    def by_kind(held_out: list[list]) -> dict[str, float]:
        found = {kind: [p for cell, p in held_out if cell.split("-")[0] == kind] for kind in kinds}
        return {kind: sum(values) / len(values) for kind, values in found.items()}

    before = by_kind(start)
    columns = {arm: [by_kind(run["held_out"]) for run in results.of(arm)] for arm in results.arms}
    lines = [
        [
            kind,
            f"{before[kind]:.3f}",
            *(f"{sum(r[kind] for r in columns[arm]) / len(columns[arm]):.3f}" for arm in columns),
        ]
        for kind in kinds
    ]
    return markdown.table(["kind", "start", *(NAMES[arm][0] for arm in columns)], lines, "l" + "r" * (len(columns) + 1))


def plan_line(results: Results) -> str:
    """What StateZero's requests took, and how well they predicted."""
    parts = []
    for arm in ("choose", "contrast", "preset"):
        if arm not in results.arms:
            continue
        runs = results.of(arm)
        steps = sum(run["curve"][-1]["step"] for run in runs)
        parts.append(
            f"- {NAMES[arm][0]}: {1000 * sum(run['plan_seconds'] for run in runs) / steps:.0f} ms a step for plans, of "
            f"{1000 * sum(run['seconds'] for run in runs) / steps:.0f} ms; correlation of the expected probability and "
            f"the group's success {shown([run['correlation'] for run in runs], 2)}; "
            f"{sum(run['uniform_plans'] for run in runs)} of {steps} plans were even or random."
        )
    return "\n".join(parts)


def draw(results: Results, path: pathlib.Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2))
    marks = [results.budget * number / 20 for number in range(21)]
    for arm in results.arms:
        label, colour = NAMES[arm]
        style = ":" if arm == "exact" else "-"
        points = [mean_error(results.success(arm, mark or 1)) for mark in marks]
        means = [mean for mean, _ in points]
        left.plot(marks, means, style, color=colour, label=label, linewidth=1.4)
        left.fill_between(marks, [m - e for m, e in points], [m + e for m, e in points], color=colour, alpha=0.12)
        shares = []
        for before, after in zip(marks[::2], marks[2::2]):
            counts = [
                [at(run["curve"], mark, name) for run in results.of(arm) for mark in (before, after)]
                for name in ("silent", "groups")
            ]
            silent, groups = (sum(c[1::2]) - sum(c[::2]) for c in counts)
            shares.append(100 * silent / groups)
        right.plot([(a + b) / 2 for a, b in zip(marks[::2], marks[2::2])], shares, style, color=colour, linewidth=1.4)
    left.set(xlabel="rollouts spent", ylabel="held-out success")
    right.set(xlabel="rollouts spent", ylabel="silent groups, %", ylim=(0, 100))
    left.legend(fontsize=7, frameon=False)
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def main() -> None:
    parser = arguments.parser(__doc__)
    parser.add_argument("--folder", type=pathlib.Path, metavar="DIR", help="results of measure.py")
    parser.add_argument("--page", type=pathlib.Path, default=PAGE, metavar="FILE", help="page to write into")
    parser.add_argument("--plot", type=pathlib.Path, metavar="FILE", help="plot to draw (default: beside the runs)")
    parser.add_argument("--setting", choices=list(FILES), default="first", help="whose results (first)")
    options = parser.parse_args()
    runs_name, plot_name, begin = FILES[options.setting]
    packed = HERE / "data" / runs_name
    if options.folder:
        pack(options.folder, packed, SETTINGS[options.setting].rollouts)
    with gzip.open(packed, "rt", encoding="utf-8") as file:
        found = json.load(file)
    runs, start = found["runs"], found["start"]
    results = Results(runs, SETTINGS[options.setting].rollouts)
    text = "\n\n".join([
        f"{results.budget:,} rollouts a run, seed{'s' if len(results.seeds) > 1 else ''} "
        f"{', '.join(map(str, results.seeds))}; success before the run "
        f"{at(runs[0]['curve'], 0):.3f}.",
        main_table(results), way_table(results), plan_line(results),
        "By kind of task, at the end of the run:", kinds_table(results, start),
    ])  # fmt: skip
    print(text)
    markdown.replace_between(options.page, begin, "<!-- end of tables -->", text)
    draw(results, options.plot or packed.parent / plot_name)


if __name__ == "__main__":
    main()
